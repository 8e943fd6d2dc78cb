import { useQueryClient } from "@tanstack/react-query";
import { CureButton } from "@/components/ui/feedback";
import { imageQuery } from "@/lib/api/images";
import { useBusiness } from "@/lib/business";
import { WHITE } from "./colour";
import type { DraftAction } from "./draft";
import { edgeQuery } from "./edge";

interface ShowWholeProps {
  imageId: number;
  dispatch: (action: DraftAction) => void;
}

/** Cuts nothing off: around the picture there is the colour of its edge where that is plain, else white. */
export function ShowWhole({ imageId, dispatch }: ShowWholeProps) {
  const queryClient = useQueryClient();
  const { id: businessId } = useBusiness();
  const show = async () => {
    const stored = await queryClient
      .ensureQueryData(imageQuery(businessId, imageId))
      .catch(() => null);
    const edge = stored && (await queryClient.ensureQueryData(edgeQuery(stored.preview_url)));
    dispatch({
      type: "frame",
      imageId,
      framing: { framing: "fit", background: edge ?? WHITE },
    });
  };
  return <CureButton onPress={() => void show()}>Show the whole picture</CureButton>;
}
