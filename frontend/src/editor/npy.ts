const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];

/** A NumPy file (format 1.0) of uint8 `octets` in row-major `shape`. */
export function npyFile(octets: Uint8Array, shape: number[]): Uint8Array<ArrayBuffer> {
  const words = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  // The format wants the data to start at a multiple of 64, the header to end in a line feed.
  const padded = Math.ceil((MAGIC.length + 2 + words.length + 1) / 64) * 64;
  const header = `${words.padEnd(padded - MAGIC.length - 3)}\n`;
  const file = new Uint8Array(padded + octets.length);
  file.set(MAGIC, 0);
  file.set([header.length & 0xff, header.length >> 8], MAGIC.length);
  file.set(new TextEncoder().encode(header), MAGIC.length + 2);
  file.set(octets, padded);
  return file;
}
