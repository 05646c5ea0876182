// TensorFlow.js with its plain backend, and as the maker of our tensors.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { registerTestEnv } from "@tensorflow/tfjs-core/dist/jasmine_util";
import init, { useTensorFlow } from "modelport";

registerTestEnv({ name: "cpu", backendName: "cpu", flags: {}, isDataSync: true });
useTensorFlow(tf);
await init();

// The tests watch the `fetch` of TensorFlow.js's platform; the package calls that of the page.
const fetchOfPage = globalThis.fetch.bind(globalThis);
const { platform } = tf.env();
platform.fetch = (path, init) => fetchOfPage(path, init);
globalThis.fetch = (...request) => platform.fetch.apply(globalThis, request);
