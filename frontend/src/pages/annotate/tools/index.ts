import type { ToolName } from "../hand";
import { brush, eraser } from "./brush";
import { fill } from "./fill";
import { lasso } from "./lasso";
import { polygon } from "./polygon";
import { shadow } from "./shadow";
import { superpixel } from "./superpixel";
import type { Tool } from "./tool";

export const TOOLS: Record<ToolName, Tool> = {
  brush,
  eraser,
  polygon,
  lasso,
  fill,
  superpixel,
  shadow,
};
