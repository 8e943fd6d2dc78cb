import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// On a busy machine a part that is loaded on demand can take a while.
configure({ asyncUtilTimeout: 10_000 });
afterEach(cleanup);

// Every browser can read a file like this, and the one of the tests cannot yet.
Blob.prototype.arrayBuffer ??= function (this: Blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(this);
  });
};
