import { type ReactNode, useRef } from "react";

/** What the system's file dialog offers first; whether a file is taken, the server says. */
export const PICTURE_TYPES = "image/jpeg,image/png,image/gif,image/webp,.heic,.heif,.avif";

/** `open()` shows the system's file dialog; `input` must be somewhere on the page. */
export function useFilePicker(onFiles: (files: File[]) => void): {
  open: () => void;
  input: ReactNode;
} {
  const ref = useRef<HTMLInputElement>(null);
  return {
    open: () => ref.current?.click(),
    input: (
      <input
        ref={ref}
        type="file"
        multiple
        accept={PICTURE_TYPES}
        tabIndex={-1}
        aria-label="Choose pictures to upload"
        className="sr-only"
        onChange={(event) => {
          const files = Array.from(event.target.files ?? []);
          // Choosing the same file once more is a change only from nothing.
          event.target.value = "";
          if (files.length) onFiles(files);
        }}
      />
    ),
  };
}
