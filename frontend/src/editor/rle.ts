/**
 * Run lengths of a plane: for each run its value (one octet), then its length as a varint
 * (seven bits an octet, lowest first, high bit set on all but the last).
 */
export function encodeRuns(plane: Uint8Array): Uint8Array {
  const octets: number[] = [];
  for (let start = 0; start < plane.length; ) {
    let end = start + 1;
    while (end < plane.length && plane[end] === plane[start]) end++;
    octets.push(plane[start]);
    pushVarint(octets, end - start);
    start = end;
  }
  return Uint8Array.from(octets);
}

/** The plane of `cells` cells that `encodeRuns` was given. A RangeError where the runs don't fill it. */
export function decodeRuns(octets: Uint8Array, cells: number): Uint8Array {
  const plane = new Uint8Array(cells);
  let filled = 0;
  for (let at = 0; at < octets.length; ) {
    const value = octets[at++];
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const octet = octets[at++];
      if (octet === undefined) throw new RangeError("The runs end in the middle of a length.");
      length += (octet & 0x7f) * 2 ** shift;
      if (octet < 0x80) break;
    }
    if (filled + length > cells) throw new RangeError(`The runs hold more than ${cells} cells.`);
    plane.fill(value, filled, filled + length);
    filled += length;
  }
  if (filled !== cells) throw new RangeError(`The runs hold ${filled} cells, not ${cells}.`);
  return plane;
}

function pushVarint(octets: number[], number: number): void {
  let rest = number;
  while (rest >= 0x80) {
    octets.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  octets.push(rest);
}
