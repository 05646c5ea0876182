// TensorFlow.js's own tests of its `io`.

import "./environment.js";
import "./backend.js";
import "@tensorflow/tfjs-core/dist/io/browser_files_test";
import "@tensorflow/tfjs-core/dist/io/composite_array_buffer_test";
import "@tensorflow/tfjs-core/dist/io/http_test";
import "@tensorflow/tfjs-core/dist/io/indexed_db_test";
import "@tensorflow/tfjs-core/dist/io/io_utils_test";
import "@tensorflow/tfjs-core/dist/io/local_storage_test";
import "@tensorflow/tfjs-core/dist/io/model_management_test";
import "@tensorflow/tfjs-core/dist/io/passthrough_test";
import "@tensorflow/tfjs-core/dist/io/progress_test";
import "@tensorflow/tfjs-core/dist/io/router_registry_test";
import "@tensorflow/tfjs-core/dist/io/weights_loader_test";
import { report } from "./report.js";

// What they test are helpers inside TensorFlow.js, which no user sees and the package has no use for.
const HELPERS = [
  "concatenateTypedArrays",
  "arrayBufferToBase64String-base64StringToArrayBuffer",
  "basename",
];
const isHelper = (spec) => HELPERS.some((name) => spec.getFullName().startsWith(`${name} `));
globalThis.jasmine.getEnv().configure({ specFilter: (spec) => !isHelper(spec) });
await report();
