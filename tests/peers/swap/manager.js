// A store as TensorFlow.js manages it: by paths, where our functions take URLs.

export function managerOf(scheme, { listModels, removeModel }) {
  const prefix = `${scheme}://`;
  return class {
    async listModels() {
      const models = await listModels({ url: prefix });
      const paths = Object.entries(models).map(([url, info]) => [url.slice(prefix.length), info]);
      return Object.fromEntries(paths);
    }

    async removeModel(path) {
      return removeModel(path.startsWith(prefix) ? path : prefix + path);
    }
  };
}
