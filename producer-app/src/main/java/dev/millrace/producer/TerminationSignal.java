package dev.millrace.producer;

import java.lang.reflect.Proxy;

/// SIGTERM as an order that can be obeyed: without a handler the JVM runs its shutdown hooks and reports 143, which
/// Kubernetes and scripts take for a failure.
///
/// The JDK has no supported way to handle a signal; `sun.misc.Signal` of `jdk.unsupported` is reached by
/// reflection, since javac warns of every mention of it.
final class TerminationSignal {
    private TerminationSignal() {}

    /// Runs `action` at the first and every further SIGTERM, on a thread of the JVM's.
    static void onTerminate(Runnable action) {
        if (System.getProperty("org.graalvm.nativeimage.imagecode") != null) {
            // A native executable: Quarkus handles its signals itself, and its exit code is mapped.
            return;
        }
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
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JVM has no sun.misc.Signal to handle SIGTERM with", e);
        }
    }
}
