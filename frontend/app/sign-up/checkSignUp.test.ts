import { expect, it } from "vitest";
import { checkSignUp } from "./checkSignUp";

const GOOD = {
  name: "Mara",
  business_name: "Harbour Coffee",
  email: "mara@harbour.coffee",
  password: "long enough",
};

it("finds nothing wrong with whole answers", () => {
  expect(checkSignUp(GOOD)).toEqual({});
});

it("names every empty field", () => {
  const problems = checkSignUp({ name: "", business_name: "", email: "", password: "" });
  expect(Object.keys(problems)).toEqual(["name", "business_name", "email", "password"]);
});

it.each([
  ["seven77", "1 more character is needed."],
  ["five5", "3 more characters are needed."],
])("says how much of the password %s is missing", (password, words) => {
  expect(checkSignUp({ ...GOOD, password }).password).toBe(words);
});

it("refuses an address without a host", () => {
  expect(checkSignUp({ ...GOOD, email: "mara@" }).email).toContain("name@example.com");
});
