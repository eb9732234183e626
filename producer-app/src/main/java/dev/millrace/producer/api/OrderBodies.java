package dev.millrace.producer.api;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Objects;

/// Reads the bodies of orders before a worker thread is given to them: one that waits for the bytes of a slow client
/// is lost to everybody else, and there are not many.
@Singleton
final class OrderBodies {
    /// Behind the gate, ahead of the resource.
    private static final int ORDER = -40;

    private static final String PATH = "/v1/ingestions";
    private static final int MOST_BYTES = 64 << 10;
    private static final String DEADLINE = OrderBodies.class.getName();

    private final ApiConfig config;

    OrderBodies(ApiConfig config) {
        this.config = config;
    }

    void register(@Observes Router router) {
        router.route(HttpMethod.POST, PATH).order(ORDER).handler(this::begin);
        router.route(HttpMethod.POST, PATH)
                .order(ORDER + 1)
                .handler(BodyHandler.create(false).setBodyLimit(MOST_BYTES))
                .handler(OrderBodies::whole)
                .failureHandler(OrderBodies::failed);
    }

    private void begin(RoutingContext routing) {
        BodyDeadline deadline = new BodyDeadline(
                routing.vertx(),
                config.bodyTimeout(),
                () -> Problem.late(config.bodyTimeout()).refuse(routing.request()));
        deadline.begin();
        deadline.ask();
        routing.put(DEADLINE, deadline);
        routing.addEndHandler(_ -> deadline.stop());
        routing.next();
    }

    private static void whole(RoutingContext routing) {
        Objects.requireNonNull(routing.<BodyDeadline>get(DEADLINE), "a body has a deadline")
                .stop();
        if (!routing.response().ended()) {
            routing.next();
        }
    }

    private static void failed(RoutingContext routing) {
        if (routing.response().closed()) {
            // The client is gone: nobody is to be answered, and nothing of ours has failed.
            return;
        }
        if (routing.statusCode() == 413) {
            Problem.of(413, "Order too large", "an order has at most " + MOST_BYTES + " bytes")
                    .refuse(routing.request());
        } else {
            routing.next();
        }
    }
}
