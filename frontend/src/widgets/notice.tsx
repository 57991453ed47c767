interface NoticeProps {
  tone: "info" | "warn" | "error";
  title: string;
  text?: string;
  close?: () => void;
}

/** Something the person should know; an error is said at once by a screen reader. */
export function NoticeBar({ tone, title, text = "", close }: NoticeProps) {
  return (
    <div class={`note ${tone}`} role={tone === "error" ? "alert" : "status"}>
      <div class="grow">
        <strong>{title}</strong>
        {text && <p>{text}</p>}
      </div>
      {close && (
        <button type="button" class="close" aria-label="Close" onClick={close}>
          ×
        </button>
      )}
    </div>
  );
}
