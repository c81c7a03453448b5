import { allOrLimit, number, seconds, whole, workers } from './option-types.ts';
import { dataOptions, shared } from './options.ts';
export const HIL_OPTIONS = {
  device: { type: 'string', describe: 'HOST:PORT or grpc://HOST:PORT; grpcs:// with certificates' },
  input: {
    type: 'string',
    describe: 'Images: npz, npy, raw, a picture, a folder (default: the golden inputs)',
  },
  limit: allOrLimit,
  together: number('together', 1, 4096, 8, 'Images that follow each other on the chip without a restart'),
  stride: {
    type: 'number',
    describe: 'Timesteps of one command at most (default: as many as the device takes)',
    coerce: (value: number | undefined) => (value === undefined ? value : whole(value, 'stride', 1, 1e9)),
  },
  scrub: { type: 'boolean', default: false, describe: 'Read memory back and compare it with the folder' },
  record: { type: 'string', describe: 'Write all that the device says to this file' },
  replay: { type: 'string', describe: 'Take the answers from a recording; no device is needed' },
  junit: { type: 'string', describe: 'Write the result as JUnit XML' },
  conformance: {
    type: 'string',
    describe: 'Check the device at this URL against the protocol; needs no folder',
  },
  ca: { type: 'string', describe: 'Certificate of the authority (PEM); with --cert and --key: mutual TLS' },
  cert: { type: 'string', describe: 'Own certificate (PEM)' },
  key: { type: 'string', describe: 'Key of the own certificate (PEM)' },
  timeout: seconds('timeout', 30, 'Seconds that one call may take'),
  patience: seconds('patience', 60, 'Seconds without any progress until the run is given up'),
  workers,
  ...dataOptions,
  ...shared,
} as const;

export const DEVICE_OPTIONS = {
  ...shared,
  listen: { type: 'string', default: '127.0.0.1:50451', describe: 'HOST:PORT; port 0: any free one' },
  fault: {
    type: 'string',
    array: true,
    describe:
      'KIND[@PLACE][:SETTINGS], as often as you like: flip-weight, drop-spike:1e-4, crash:after=100 …',
  },
  seed: number('seed', 0, 2 ** 31 - 1, 1, 'Of places that faults leave open, and of all chance'),
  lease: number('lease', 1, 86_400, 600, 'Longest lease of a session, in seconds'),
  rate: number('rate', 1, 1e9, 20_000, 'Messages that are taken in a second'),
  certs: { type: 'string', describe: 'Folder of certificates: only clients that show one are let in' },
  allow: { type: 'string', describe: 'Clients that are let in, by comma (default: clients.txt of --certs)' },
  'init-certs': { type: 'string', describe: 'Make certificates of a lab in this folder, and end' },
  hosts: {
    type: 'string',
    default: 'localhost,127.0.0.1',
    describe: '--init-certs: names and addresses of the server',
  },
  clients: { type: 'string', default: 'client', describe: '--init-certs: names of clients, by comma' },
  days: number('days', 1, 3650, 825, '--init-certs: for how long certificates are good'),
} as const;
