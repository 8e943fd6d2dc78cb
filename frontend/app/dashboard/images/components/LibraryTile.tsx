import { Trash2 } from "lucide-react";
import { memo } from "react";
import { ImageTile } from "@/components/images/ImageTile";
import { TileAction, TileIconAction } from "@/components/images/TileAction";
import type { Image } from "@/lib/api/types";

/** What the tiles of the library do; the same object as long as they do the same. */
export interface TileDoings {
  onOpen: (image: Image) => void;
  onToggle?: ((image: Image) => void) | undefined;
  onUse?: ((image: Image) => void) | undefined;
  onDelete?: ((image: Image) => void) | undefined;
}

interface LibraryTileProps extends TileDoings {
  image: Image;
  tabIndex: 0 | -1;
  isSelected: boolean;
  isOpen: boolean;
  isSelecting: boolean;
  hasCaption: boolean;
  note?: string | undefined;
}

/** An image of the library. Drawn anew only when something about it has changed. */
export const LibraryTile = memo(function LibraryTile({
  image,
  onOpen,
  onToggle,
  onUse,
  onDelete,
  isSelecting,
  ...rest
}: LibraryTileProps) {
  const { tabIndex } = rest;
  return (
    <ImageTile
      {...rest}
      image={image}
      onPress={() => onOpen(image)}
      check={onToggle}
      isCheckShown={isSelecting}
      actions={
        onUse &&
        onDelete &&
        !isSelecting && (
          <>
            <TileAction tabIndex={tabIndex} onPress={() => onUse(image)}>
              Use in a post
            </TileAction>
            <TileIconAction
              tabIndex={tabIndex}
              label={`Delete ${image.original_filename}`}
              icon={Trash2}
              onPress={() => onDelete(image)}
            />
          </>
        )
      }
    />
  );
});
