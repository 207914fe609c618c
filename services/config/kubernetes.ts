import { isIP } from 'node:net';

const URL_OF_PORT = /^(?:tcp|udp|sctp):\/\/(\[[0-9a-fA-F:.]+\]|[0-9.]+):\d{1,5}$/;

const isAddress = (value: string) => isIP(value) !== 0;
const isPort = (value: string) => /^\d{1,5}$/.test(value);
const isProtocol = (value: string) => /^(?:tcp|udp|sctp)$/.test(value);
const isUrl = (value: string) => {
  const address = URL_OF_PORT.exec(value)?.[1];
  return address !== undefined && isAddress(address.replace(/^\[|\]$/g, ''));
};

/** Endings of the names of a Service's variables, and the form of their values. A name may match several. */
const FORMS: readonly (readonly [end: RegExp, isOfForm: (value: string) => boolean])[] = [
  [/_SERVICE_HOST$/, isAddress],
  [/_SERVICE_PORT(?:_[A-Z0-9_]+)?$/, isPort],
  [/_PORT(?:_\d+_(?:TCP|UDP|SCTP))?$/, isUrl],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PROTO$/, isProtocol],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PORT$/, isPort],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_ADDR$/, isAddress],
];

/**
 * Whether Kubernetes may have set a variable for a Service called `registry-…`, judged by its name and by the form of
 * its value (kubernetes.io/docs/concepts/services-networking/service, "Environment variables").
 */
export function isOfKubernetes(name: string, value: string): boolean {
  return FORMS.some(([end, isOfForm]) => end.test(name) && isOfForm(value));
}
