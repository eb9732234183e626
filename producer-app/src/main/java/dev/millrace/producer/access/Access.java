package dev.millrace.producer.access;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.vertx.http.runtime.security.QuarkusHttpUser;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.function.BiConsumer;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Decides who is let in. With neither keys nor OIDC the server is open, and says so when it starts. Thread-safe.
@Singleton
public final class Access {
    private static final Logger LOG = Logger.getLogger(Access.class);
    /// Who sends requests to an open server.
    public static final String ANYONE = "anonymous";

    private final SecurityConfig config;
    private final boolean keys;
    private final boolean tokens;
    private final boolean issuerIdle;
    private final boolean anyToken;
    private final boolean serving;

    Access(SecurityConfig config, ApiKeyMechanism keys, Config settings) {
        this.config = config;
        this.keys = keys.isConfigured();
        this.tokens = isOn(settings, "quarkus.oidc.tenant-enabled");
        this.issuerIdle = !tokens
                && settings.getOptionalValue("quarkus.oidc.auth-server-url", String.class)
                        .isPresent();
        this.anyToken = tokens
                && settings.getOptionalValue("quarkus.oidc.token.audience", String.class)
                        .isEmpty();
        this.serving = isOn(settings, "quarkus.http.host-enabled");
    }

    private static boolean isOn(Config settings, String name) {
        return settings.getOptionalValue(name, Boolean.class).orElse(true);
    }

    void check(@Observes StartupEvent event) {
        if (!serving) {
            return;
        }
        if (issuerIdle) {
            throw new IllegalStateException("quarkus.oidc.auth-server-url is set, and quarkus.oidc.tenant-enabled is"
                    + " false: tokens would not be looked at. Set that to true, or leave the issuer out");
        }
        if (anyToken) {
            throw new IllegalStateException(
                    "quarkus.oidc.token.audience is not set: a token that the issuer gave out for"
                            + " any other service would be good here. Name this one as tokens name it in 'aud', or say 'any'");
        }
        if (!open()) {
            return;
        }
        if (config.required()) {
            throw new IllegalStateException(
                    "millrace.security.required is true, and there is neither a key in millrace.security.api-keys nor"
                            + " OIDC (quarkus.oidc.tenant-enabled, quarkus.oidc.auth-server-url)");
        }
        LOG.warn("open to anyone who reaches it: neither millrace.security.api-keys nor quarkus.oidc is set");
    }

    /// Whether anyone may do anything.
    public boolean open() {
        return !keys && !tokens;
    }

    /// What a client that is not known may show: `WWW-Authenticate`.
    public String challenge() {
        String key = "ApiKey header=\"" + ApiKeyMechanism.HEADER + "\"";
        return !tokens ? key : !keys ? "Bearer" : "Bearer, " + key;
    }

    /// Of a server that is not open. Never fails. May ask the issuer of tokens, and so answer on another thread.
    ///
    /// @param needed what the request takes
    public Uni<Verdict> admit(RoutingContext routing, Role needed) {
        BiConsumer<RoutingContext, Throwable> silent = Access::leaveToTheGate;
        routing.put(QuarkusHttpUser.AUTH_FAILURE_HANDLER, silent);
        return QuarkusHttpUser.getSecurityIdentity(routing, null)
                .map(identity -> judge(identity, needed))
                .onFailure()
                .recoverWithItem(Access::failed);
    }

    /// Quarkus would answer by itself otherwise.
    private static void leaveToTheGate(RoutingContext routing, Throwable error) {}

    private static Verdict judge(@Nullable SecurityIdentity identity, Role needed) {
        if (identity == null || identity.isAnonymous()) {
            return new Verdict.Unknown("no credentials were sent");
        }
        String caller = identity.getPrincipal().getName();
        return needed.isAmong(identity.getRoles())
                ? new Verdict.Admitted(caller)
                : new Verdict.Forbidden(caller, needed);
    }

    private static Verdict failed(Throwable error) {
        if (error instanceof AuthenticationFailedException) {
            // What was wrong with them is for the log: a token that has run out is told from a forged one by its owner.
            LOG.debug("credentials were refused", error);
            return new Verdict.Unknown("the credentials are not good, or not any more");
        }
        LOG.error("whose request it is could not be found out", error);
        return new Verdict.Undecided("the issuer of tokens cannot be asked");
    }
}
