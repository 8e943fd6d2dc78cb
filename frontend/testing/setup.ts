import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// On a busy machine a part that is loaded on demand can take a while.
configure({ asyncUtilTimeout: 10_000 });
afterEach(cleanup);
