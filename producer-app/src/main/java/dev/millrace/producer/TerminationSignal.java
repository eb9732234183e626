package dev.millrace.producer;

import java.lang.reflect.Proxy;
import org.jboss.logging.Logger;

/// SIGTERM as an order that can be obeyed: without a handler the process runs its shutdown hooks and reports 143, which
/// Kubernetes and scripts take for a failure. So does a native executable: GraalVM installs the handlers
/// of the JDK, and those that are installed here take their place.
///
/// The JDK has no supported way to handle a signal; `sun.misc.Signal` of `jdk.unsupported` is reached by
/// reflection, since javac warns of every mention of it and cannot be told not to. For the native image it is named in
/// `reflect-config.json` and `proxy-config.json`.
final class TerminationSignal {
    private static final Logger LOG = Logger.getLogger(TerminationSignal.class);

    private TerminationSignal() {}

    /// Runs `action` at the first and every further SIGTERM, on a thread of the JVM's.
    static void onTerminate(Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy =
                    Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, (_, method, _) -> {
                        if (method.getName().equals("handle")) {
                            action.run();
                        }
                        return null;
                    });
            var _ = signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("TERM"), proxy);
        } catch (ReflectiveOperationException | RuntimeException | Error e) {
            // Of a native image that lacks something, an Error. Without a handler it still serves.
            LOG.error("SIGTERM cannot be handled: it ends the process at once, with 143", e);
        }
    }
}
