import { describe, expect, it } from "vitest";
import { textFacts, textParts } from "./textFacts";

describe("a text is counted as the server counts it", () => {
  it.each([
    ["", 0, 0, 0],
    ["First light, first cup.", 23, 0, 0],
    ["#a # b ##c #１ ＃日本 #☕ #🚢 #_x", 28, 7, 0],
    ["mail me@x.org @me .@no (@yes) @ no é@yes", 40, 0, 3],
    ["👩‍👩‍👧‍👦", 11, 0, 0],
    ["e\u0301 #e\u0301", 6, 1, 0],
    ["a\nb\r\n#c", 7, 1, 0],
    ["@_a@b @@c", 9, 0, 2],
    ["\ud800#a", 3, 1, 0],
  ])("%j", (text, characters, hashtags, mentions) => {
    expect(textFacts(text)).toEqual({ characters, hashtags, mentions });
  });
});

describe("the parts of a text", () => {
  it.each(["", "#one", "no links", "See #première, @harbour.coffee. Mail a@b.org\n\n＃日本 #☕"])(
    "of %j are the text again when joined",
    (text) => {
      expect(
        textParts(text)
          .map((part) => part.text)
          .join(""),
      ).toBe(text);
    },
  );

  it("mark hashtags and mentions, without the full stop after them", () => {
    const links = textParts("See #première, @harbour.coffee. Mail a@b.org ＃日本")
      .filter((part) => part.isLink)
      .map((part) => part.text);
    expect(links).toEqual(["#première", "@harbour.coffee", "＃日本"]);
  });
});
