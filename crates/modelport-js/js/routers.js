// From a URL to its handlers: those of this build, and those that users register.

import { builtInRouters } from "./build.js";

/** The routers of a program. Tests may put another one in place of `instance`. */
export class IORouterRegistry {
  /** `undefined` until it is needed; then it begins with the routers of this build. */
  static instance;

  constructor(routers = []) {
    this.saveRouters = [...routers];
    this.loadRouters = [...routers];
  }

  static getInstance() {
    if (IORouterRegistry.instance === undefined) {
      IORouterRegistry.instance = new IORouterRegistry(builtInRouters);
    }
    return (IORouterRegistry.instance ??= new IORouterRegistry());
  }

  static registerSaveRouter(router) {
    IORouterRegistry.getInstance().saveRouters.push(router);
  }

  static registerLoadRouter(router) {
    IORouterRegistry.getInstance().loadRouters.push(router);
  }

  static getSaveHandlers(url) {
    return handlersOf(IORouterRegistry.getInstance().saveRouters, "save", url);
  }

  static getLoadHandlers(url, loadOptions) {
    return handlersOf(IORouterRegistry.getInstance().loadRouters, "load", url, loadOptions);
  }
}

/** Adds a function from a URL to a handler that saves, or `null` for the URLs of others. */
export function registerSaveRouter(router) {
  IORouterRegistry.registerSaveRouter(router);
}

/** Adds a function from a URL and load options to a handler that loads, or `null`. */
export function registerLoadRouter(router) {
  IORouterRegistry.registerLoadRouter(router);
}

/** All handlers that save to a URL. */
export function getSaveHandlers(url) {
  return IORouterRegistry.getSaveHandlers(url);
}

/** All handlers that load from a URL. */
export function getLoadHandlers(url, loadOptions) {
  return IORouterRegistry.getLoadHandlers(url, loadOptions);
}

/** What the routers have for a URL. One that throws is heard only when no other one has anything. */
function handlersOf(routers, method, ...args) {
  const handlers = [];
  const thrown = [];
  for (const router of routers) {
    try {
      const handler = router(...args);
      // A router of this build serves either way; which ways a handler goes is what it has.
      const isOther = router.builtIn && typeof handler?.[method] !== "function";
      if (handler != null && !isOther) handlers.push(handler);
    } catch (error) {
      thrown.push(error);
    }
  }
  if (handlers.length === 0 && thrown.length > 0) throw thrown[0];
  return handlers;
}
