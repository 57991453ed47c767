import type { ToolName } from "../hand";
import { brush, eraser } from "./brush";
import { fill } from "./fill";
import { polygon } from "./polygon";
import type { Tool } from "./tool";

export const TOOLS: Record<ToolName, Tool> = { brush, eraser, polygon, fill };
