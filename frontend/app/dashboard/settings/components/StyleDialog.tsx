import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input, Textarea } from "@/components/ui/Input";
import { useChangeStyles } from "@/lib/api/businesses";
import type { Style } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { changesWith, changesWithout, styleName } from "../styles";

interface StyleDialogProps {
  /** Undefined makes a new one. */
  style: Style | undefined;
  styles: readonly Style[];
  onClose: () => void;
}

/** Says a style in the business's own words, or makes one. */
export function StyleDialog({ style, styles, onClose }: StyleDialogProps) {
  const business = useBusiness();
  const change = useChangeStyles(business.id);
  const [label, setLabel] = useState(style?.label ?? "");
  const [words, setWords] = useState(style?.words ?? "");
  const [hasTried, setTried] = useState(false);
  const name = style?.name ?? styleName(label, styles);
  const isNameless = label.trim() === "";
  const isWordless = words.trim() === "" && !style;

  const save = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (isNameless || isWordless) return;
    change.mutate(changesWith(styles, { name, label: label.trim(), words: words.trim() }), {
      onSuccess: onClose,
    });
  };
  const takeBack = () =>
    style && change.mutate(changesWithout(styles, style.name), { onSuccess: onClose });
  const wayBack = !style
    ? undefined
    : style.is_built_in
      ? style.is_changed && "As it came"
      : "Delete this style";
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={style ? `Change ${style.label}` : "Add a style"}
      footer={
        <>
          {wayBack && (
            <Button variant="ghost" onClick={takeBack}>
              {wayBack}
            </Button>
          )}
          <span className="ml-auto flex gap-2">
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" form="style-form" variant="primary" isBusy={change.isPending}>
              {style ? "Save" : "Add the style"}
            </Button>
          </span>
        </>
      }
    >
      <form id="style-form" noValidate onSubmit={save} className="flex flex-col gap-4">
        <Field
          label="Name"
          error={hasTried && isNameless ? "A style needs a name." : undefined}
          isRequired
        >
          <Input
            value={label}
            onChange={(event) => setLabel(event.target.value)}
            maxLength={50}
            placeholder="House style"
          />
        </Field>
        <Field
          label="Words"
          hint="They are added to the prompt as they stand here."
          error={hasTried && isWordless ? "Say what the style adds to a prompt." : undefined}
        >
          <Textarea
            value={words}
            onChange={(event) => setWords(event.target.value)}
            maxLength={500}
            placeholder="Warm morning light, natural wood, our green in the background"
          />
        </Field>
        {change.error && (
          <Notice tone="bad" isAlert fact="The styles are as they were.">
            {change.error.message}
          </Notice>
        )}
      </form>
    </Dialog>
  );
}
