import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { closeToast, Toaster, toast } from "./Toast";

it("a message shows with its action, and the action runs once and closes it", async () => {
  let undone = 0;
  render(<Toaster />);
  toast({ title: "Image deleted", action: { label: "Undo", onPress: () => undone++ }, timeout: 0 });
  await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
  expect(undone).toBe(1);
  await waitFor(() => expect(screen.queryByText("Image deleted")).toBeNull());
});

it("a message can be closed by its id", async () => {
  render(<Toaster />);
  const id = toast({ title: "Draft saved", timeout: 0 });
  await screen.findByText("Draft saved");
  closeToast(id);
  await waitFor(() => expect(screen.queryByText("Draft saved")).toBeNull());
});
