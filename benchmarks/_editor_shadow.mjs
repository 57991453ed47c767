// Casts the shadow of every large cloud with one drag: `node _editor_shadow.mjs KERNELS FOLDER`.
// The person simulated here sees the shadow: he drags to where the copy meets most of it, up to 6 cells off.
import { readFileSync } from "node:fs";

const [kernels, folder] = process.argv.slice(2);
const { castOf, movedCells, shadowCells, snapped } = await import(`${kernels}/shadow.js`);
const { piecesOf } = await import(`${kernels}/pieces.js`);
const { grown } = await import(`${kernels}/shape.js`);

const [CLOUD, SHADOW] = [1, 3];
const [ERROR, REACH, BESIDE, AROUND] = [6, 150, 10, 8];
let seed = 1;
const dice = () => (seed = (seed * 48271) % 2147483647) / 2147483647;

for (const tile of JSON.parse(readFileSync(`${folder}/tiles.json`))) {
  const { name, width, height, fall, least, seen } = tile;
  const octets = readFileSync(`${folder}/${name}.bin`);
  const cells = width * height;
  const whole = octets.buffer.slice(octets.byteOffset, octets.byteOffset + octets.length);
  const dark = new Uint16Array(whole, 0, cells);
  const truth = new Uint8Array(whole, 2 * cells, cells);
  const hidden = truth.map((code, i) => (code === 1 || code === 2 || !dark[i] ? 1 : 0));
  const ground = { width, height, dark, hidden };
  const cast = new Uint8Array(cells);
  const drags = [];
  const moves = [];
  for (const piece of piecesOf(truth, width, (i) => truth[i] === CLOUD, least)) {
    const moved = (t) => movedCells(piece.cells, ground, { x: fall.x * t, y: fall.y * t });
    const best = bestDrag(moved, truth, piece.cells.length);
    if (best.met < seen) continue;
    const t = Math.max(0, best.t + Math.round((2 * dice() - 1) * ERROR));
    const start = performance.now();
    const shape = castOf(piece.cells, width, height);
    const began = performance.now();
    const at = snapped(shape, ground, { x: fall.x * t, y: fall.y * t }, fall);
    moves.push(performance.now() - began);
    const found = shadowCells(shape, ground, at, fall);
    const took = performance.now() - start;
    for (const i of found) cast[i] = 1;
    drags.push({ iou: iouOf(found, own(moved, best.t, truth, width), truth), took });
  }
  process.stdout.write(`${JSON.stringify({ name, drags, moves, whole: overlap(truth, (i) => cast[i]) })}\n`);
}

function bestDrag(moved, truth, size) {
  let best = { t: 0, met: -1 };
  for (let t = 2; t < REACH; t++) {
    const met = moved(t).filter((i) => truth[i] === SHADOW).length / size;
    if (met > best.met) best = { t, met };
  }
  return best;
}

/** The true shadow near the shape: up to BESIDE cells further along the ray, AROUND to every side. */
function own(moved, t, truth, width) {
  const path = new Uint8Array(truth.length);
  for (let along = -BESIDE; along <= BESIDE; along++) for (const i of moved(t + along)) path[i] = 1;
  const near = grown(path, width, AROUND);
  return truth.map((code, i) => (code === SHADOW && (path[i] || near[i]) ? 1 : 0));
}

/** Shadow found that is another cloud's counts neither way. */
function iouOf(found, mine, truth) {
  const right = found.filter((i) => mine[i]).length;
  const wrong = found.filter((i) => truth[i] !== SHADOW).length;
  return right / (mine.reduce((sum, each) => sum + each, 0) + wrong);
}

function overlap(truth, shadow) {
  let [both, either] = [0, 0];
  truth.forEach((code, i) => {
    if (code === SHADOW && shadow(i)) both++;
    if (code === SHADOW || shadow(i)) either++;
  });
  return both / either;
}
