package dev.millrace.producer.api;

import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.http.HttpServerOptions;
import jakarta.inject.Singleton;

/// Without TLS the server speaks HTTP/1.1 only.
///
/// Java's own client asks such a server to change to HTTP/2 in the middle of its first request. Of answers longer
/// than a frame (16 KiB) about one in a hundred then never came to its end. With TLS both agree on HTTP/2 before
/// anything is asked, and Vert.x knows no such change there. This application has no port for management of its own.
@Singleton
final class ClearText implements HttpServerOptionsCustomizer {
    @Override
    public void customizeHttpServer(HttpServerOptions options) {
        options.setHttp2ClearTextEnabled(false);
    }

    @Override
    public void customizeDomainSocketServer(HttpServerOptions options) {
        options.setHttp2ClearTextEnabled(false);
    }
}
