import { IconButton } from "../../widgets/button";
import type { IconName } from "../../widgets/icon";
import { fillRest } from "./acts";
import { canRedo, canUndo, clearClass, redo, undo } from "./desk";
import { type ToolName, takeTool, tool } from "./hand";
import { fitView, zoomView } from "./look";
import { mayDraw } from "./phase";

const TOOLS: { name: ToolName & IconName; label: string; shortcut: string }[] = [
  { name: "brush", label: "Brush", shortcut: "B" },
  { name: "eraser", label: "Eraser", shortcut: "E" },
  { name: "polygon", label: "Polygon", shortcut: "P" },
  { name: "lasso", label: "Lasso with a threshold", shortcut: "L" },
  { name: "fill", label: "Flood fill", shortcut: "F" },
  { name: "superpixel", label: "Superpixels", shortcut: "S" },
  { name: "shadow", label: "Cast shadow", shortcut: "D" },
];

export function Toolbar() {
  const idle = !mayDraw.value;
  return (
    <nav class="toolbar" aria-label="Tools">
      {TOOLS.map(({ name, label, shortcut }) => (
        <IconButton
          key={name}
          icon={name}
          label={label}
          shortcut={shortcut}
          pressed={tool.value === name}
          onClick={() => takeTool(name)}
        />
      ))}
      <hr />
      {clearClass.value && (
        <IconButton
          icon="rest"
          label="Rest is clear"
          shortcut="R"
          disabled={idle}
          onClick={fillRest}
        />
      )}
      <IconButton
        icon="undo"
        label="Undo"
        shortcut="Z"
        disabled={idle || !canUndo.value}
        onClick={undo}
      />
      <IconButton
        icon="redo"
        label="Redo"
        shortcut="⇧Z"
        disabled={idle || !canRedo.value}
        onClick={redo}
      />
      <hr />
      <IconButton icon="plus" label="Zoom in" shortcut="+" onClick={() => zoomView(1.25)} />
      <IconButton icon="minus" label="Zoom out" shortcut="−" onClick={() => zoomView(0.8)} />
      <IconButton icon="fit" label="Whole tile" shortcut="0" onClick={fitView} />
    </nav>
  );
}
