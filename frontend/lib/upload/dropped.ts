/** Finds files in what was dropped or pasted, also inside of dropped folders. */

const PICTURE_NAME = /\.(jpe?g|png|gif|webp|heic|heif|avif)$/i;

/** Whether a drag carries files, before it says which. */
export function carriesFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes("Files") ?? false;
}

/**
 * The files of a drop. Of a folder, its pictures at any depth: what else lies in it was not meant.
 * A file dropped by itself is always taken, so that its refusal can be shown.
 */
export async function readDropped(transfer: DataTransfer): Promise<File[]> {
  // Entries must be asked for before the first await: the browser empties the list then.
  const entries = Array.from(transfer.items, (item) =>
    item.kind === "file" ? (item.webkitGetAsEntry?.() ?? null) : null,
  );
  const plain = Array.from(transfer.files);
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  const found: File[] = [];
  for (const entry of entries) {
    if (entry?.isDirectory) found.push(...(await readFolder(entry as FileSystemDirectoryEntry)));
    else if (entry?.isFile) found.push(...(await readFile(entry as FileSystemFileEntry)));
  }
  return found;
}

async function readFolder(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const found: File[] = [];
  for (;;) {
    // A reader gives at most 100 entries at a time and an empty list at the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve) =>
      reader.readEntries(resolve, () => resolve([])),
    );
    if (!entries.length) return found;
    for (const entry of entries) {
      if (entry.isDirectory) found.push(...(await readFolder(entry as FileSystemDirectoryEntry)));
      else if (!entry.name.startsWith(".") && PICTURE_NAME.test(entry.name)) {
        found.push(...(await readFile(entry as FileSystemFileEntry)));
      }
    }
  }
}

function readFile(entry: FileSystemFileEntry): Promise<File[]> {
  return new Promise((resolve) =>
    entry.file(
      (file) => resolve([file]),
      () => resolve([]),
    ),
  );
}
