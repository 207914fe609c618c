# An edge cache of published blobs with Varnish 7: in front of a mirror that is far away or slow, or of the origin path of
# the registry. Put this file at /etc/varnish/default.vcl (Debian: apt install varnish) and edit what is marked EDIT.
#
# The contract with the registry: a mirror serves exactly the bytes of a blob, or sends the client back to the origin.
# Clients die of a single 404 or 5xx at the place a registry has redirected them to, but they follow a 307.
#
# Start varnishd with -p http_req_hdr_len=32k -p http_req_size=64k, since clients of zstd:chunked images send long Range
# headers, and with a store for large objects (-s file,/var/lib/varnish/blobs,500G). Varnish speaks no TLS: behind an https
# registry put hitch or nginx in front of it. regctl and programs on .NET refuse a redirect to plain HTTP.
vcl 4.1;

# EDIT: what is cached. The time limits are shorter than the patience of clients.
backend default {
    .host = "192.0.2.10";
    .port = "8080";
    .connect_timeout = 5s;
    .first_byte_timeout = 5s;
    .between_bytes_timeout = 5s;
}

sub vcl_recv {
    if (req.method != "GET" && req.method != "HEAD") {
        return (synth(405));
    }
    # Blobs only. Whatever is no blob exists nowhere.
    if (req.url !~ "^/docker/registry/v2/blobs/sha256/([0-9a-f]{2})/\1[0-9a-f]{62}/data$") {
        return (synth(404, "not a blob"));
    }
    # A cache for all needs nothing about one client, and no credential goes any further.
    unset req.http.Authorization;
    unset req.http.Cookie;
    # Clients check the digest of the bytes on the wire, so nothing may encode them.
    unset req.http.Accept-Encoding;
    # Varnish understands one range. To several, the whole blob is the right answer.
    if (req.http.Range ~ ",") {
        unset req.http.Range;
    }
    return (hash);
}

# The path names the content: it is the same under every name of this host.
sub vcl_hash {
    hash_data(req.url);
    return (lookup);
}

sub vcl_backend_fetch {
    unset bereq.http.Accept-Encoding;
    # EDIT if the backend is the registry itself: set bereq.url = "/origin" + bereq.url;
}

sub vcl_backend_response {
    set beresp.do_gzip = false;
    unset beresp.http.Set-Cookie;
    unset beresp.http.Vary;
    # Only a whole blob is kept. A bounce or an error that were cached would outlive the fault; without a length, a cut
    # would look like the end.
    if (beresp.status == 200 && beresp.http.Content-Length && !beresp.http.Content-Encoding) {
        set beresp.ttl = 365d;
        set beresp.grace = 0s;
        return (deliver);
    }
    if (beresp.status < 300 || beresp.status >= 400) {
        return (error(503, "bounced"));
    }
    set beresp.ttl = 1s;
    set beresp.uncacheable = true;
    return (deliver);
}

# The backend does not answer, or not with the blob.
sub vcl_backend_error {
    set beresp.ttl = 0s;
    set beresp.grace = 0s;
    set beresp.status = 307;
    # EDIT: the origin, an API node of the registry. It serves this path without credentials, for published blobs alone.
    set beresp.http.Location = "https://registry.example.org/origin" + regsub(bereq.url, "^/origin", "");
    set beresp.http.Cache-Control = "no-store";
    set beresp.body = "";
    return (deliver);
}

sub vcl_deliver {
    if (resp.status == 200 || resp.status == 206) {
        set resp.http.Docker-Content-Digest = "sha256:" + regsub(req.url, "^.*/([0-9a-f]{64})/data$", "\1");
    }
}
