/** A panel as a file: its figures as CSV, itself as a picture. */

export type Cell = string | number | null;

/** Rows as RFC 4180 has them. Words that a table program would run as a formula are kept words. */
export function csvOf(rows: Cell[][]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const words = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
}

/** "north-which-classes-do-we-have.csv" */
export function fileName(campaign: string, title: string, kind: "csv" | "png"): string {
  const words = title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-");
  return `${campaign}-${words.replace(/^-|-$/g, "")}.${kind}`;
}

export function saveCsv(rows: Cell[][], name: string): void {
  // With a byte order mark table programs read it as UTF-8.
  download(new Blob(["\ufeff", csvOf(rows)], { type: "text/csv" }), name);
}

/** The element as it looks now, at twice its size. */
export async function savePng(element: HTMLElement, name: string): Promise<void> {
  const { width, height } = element.getBoundingClientRect();
  const picture = await drawn(await standalone(element), width, height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(2 * width);
  canvas.height = Math.ceil(2 * height);
  const context = canvas.getContext("2d")!;
  context.scale(2, 2);
  context.drawImage(picture, 0, 0, width, height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new Error("The picture is too large to be saved.");
  download(blob, name);
}

/** A copy that looks the same without the page's style sheet, and holds its pictures itself. */
async function standalone(element: HTMLElement): Promise<HTMLElement> {
  const copy = element.cloneNode(true) as HTMLElement;
  const copies = [copy, ...copy.querySelectorAll<HTMLElement>("*")];
  const pairs = [element, ...element.querySelectorAll<HTMLElement>("*")].map(
    (each, k) => [each, copies[k]] as const,
  );
  for (const [from, to] of pairs) {
    const style = getComputedStyle(from);
    to.style.cssText = Array.from(style, (name) => wearing(style, name)).join("");
  }
  copy.style.margin = "0";
  await Promise.all(pairs.map(([from, to]) => embed(from, to)));
  for (const tool of copy.querySelectorAll("[data-unsaved]")) tool.remove();
  return copy;
}

const wearing = (style: CSSStyleDeclaration, name: string): string =>
  `${name}:${style.getPropertyValue(name)};`;

/** A canvas or picture becomes data: a drawn copy has neither its pixels nor the network. */
async function embed(from: HTMLElement, to: HTMLElement): Promise<void> {
  if (from instanceof HTMLCanvasElement) {
    const image = document.createElement("img");
    image.style.cssText = to.style.cssText;
    image.src = from.toDataURL();
    to.replaceWith(image);
  } else if (from instanceof HTMLImageElement && to instanceof HTMLImageElement) {
    to.removeAttribute("loading");
    // A picture further down the page is fetched only now; one that there isn't stays empty.
    from.loading = "eager";
    await from.decode().catch(() => {});
    if (from.naturalWidth) to.src = pixelsOf(from);
    else to.removeAttribute("src");
  }
}

function pixelsOf(image: HTMLImageElement): string {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d")!.drawImage(image, 0, 0);
  return canvas.toDataURL();
}

async function drawn(
  element: HTMLElement,
  width: number,
  height: number,
): Promise<HTMLImageElement> {
  const words = new XMLSerializer().serializeToString(element);
  const picture =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<foreignObject width="100%" height="100%">${words}</foreignObject></svg>`;
  const image = new Image();
  // A data address, because a drawn blob may not be read back from a canvas.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture)}`;
  await image.decode();
  return image;
}

function download(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
