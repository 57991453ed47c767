import { useId } from "preact/hooks";

interface SliderProps {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number;
  shown: string;
  onInput: (value: number) => void;
}

export function Slider({ label, value, min, max, step, shown, onInput }: SliderProps) {
  const id = useId();
  return (
    <div class="slider">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        value={value}
        min={min}
        max={max}
        step={step}
        aria-valuetext={shown}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
        // Let go, so that the arrow keys move the image again.
        onPointerUp={(event) => event.currentTarget.blur()}
      />
      <span class="value">{shown}</span>
    </div>
  );
}
