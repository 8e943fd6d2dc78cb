import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useRef } from "react";
import { uploadOptionsQuery } from "@/lib/api/uploads";
import { useBusiness } from "@/lib/business";

/** Kinds that systems know by the endings of names rather than by their type. */
const ENDINGS: Record<string, string> = {
  "image/heic": ".heic",
  "image/heif": ".heif",
  "image/avif": ".avif",
};
const USUAL = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/** What the system's file dialog offers first; whether a file is taken, its bytes decide. */
function usePictureTypes(): string {
  const business = useBusiness();
  const { data: options } = useQuery(uploadOptionsQuery(business.id));
  const types = options?.mime_types ?? USUAL;
  return [...types, ...types.flatMap((type) => ENDINGS[type] ?? [])].join(",");
}

/** `open()` shows the system's file dialog; `input` must be somewhere on the page. */
export function useFilePicker(onFiles: (files: File[]) => void): {
  open: () => void;
  input: ReactNode;
} {
  const ref = useRef<HTMLInputElement>(null);
  const accept = usePictureTypes();
  return {
    open: () => ref.current?.click(),
    input: (
      <input
        ref={ref}
        type="file"
        multiple
        accept={accept}
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
