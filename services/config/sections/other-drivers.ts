import { refused } from '../key.ts';

const none = (what: string) =>
  `there is no driver for ${what} here: expected storage.filesystem, storage.s3 or storage.swift`;

/** Distribution's drivers that do not exist here. */
export const OTHER_DRIVERS = {
  s3aws: refused('this is another name of storage.s3: use that one'),
  azure: refused(none('Azure'), {
    below: {
      '2.8, 3': 'accountname accountkey container realm rootdirectory',
      '3':
        'credentials.type credentials.clientid credentials.tenantid credentials.secret ' +
        'max_retries retry_delay copy_status_poll_max_retry copy_status_poll_delay',
    },
  }),
  gcs: refused(none('Google Cloud Storage'), {
    below: {
      '2.8, 3':
        'bucket keyfile rootdirectory chunksize maxconcurrency disablekeepalives credentials.type ' +
        'credentials.project_id credentials.private_key_id credentials.private_key credentials.client_email ' +
        'credentials.client_id credentials.auth_uri credentials.token_uri ' +
        'credentials.auth_provider_x509_cert_url credentials.client_x509_cert_url',
    },
  }),
  oss: refused(none('Alibaba Cloud OSS'), {
    from: '2.8',
    below: {
      '2.8':
        'accesskeyid accesskeysecret region endpoint internal bucket encrypt encryptionkeyid secure chunksize ' +
        'rootdirectory',
    },
  }),
  inmemory: refused(
    'all images would be lost at a restart: expected storage.filesystem, on a tmpfs if need be',
  ),
};
