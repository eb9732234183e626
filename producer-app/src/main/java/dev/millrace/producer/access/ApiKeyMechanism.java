package dev.millrace.producer.access;

import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;

/// Knows callers by the header `X-API-Key`. `Authorization` is left to bearer tokens.
@ApplicationScoped
class ApiKeyMechanism implements HttpAuthenticationMechanism {
    static final String HEADER = "X-API-Key";

    private final ApiKeys keys;

    ApiKeyMechanism(SecurityConfig config) {
        this.keys = ApiKeys.parse(config.apiKeys().orElse(List.of()));
    }

    boolean isConfigured() {
        return !keys.isEmpty();
    }

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext routing, IdentityProviderManager providers) {
        String key = routing.request().getHeader(HEADER);
        if (key == null) {
            return Uni.createFrom().nullItem();
        }
        Optional<ApiKeys.Holder> holder = keys.holder(key);
        return holder.isEmpty()
                ? Uni.createFrom().failure(new AuthenticationFailedException("the API key is not known"))
                : Uni.createFrom().item(identity(holder.get()));
    }

    private static SecurityIdentity identity(ApiKeys.Holder holder) {
        return QuarkusSecurityIdentity.builder()
                .setPrincipal(new QuarkusPrincipal(holder.name()))
                .addRole(holder.role().text())
                .build();
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext routing) {
        // The gate answers, with a problem.
        return Uni.createFrom().nullItem();
    }

    /// Ahead of bearer tokens: nobody need be asked.
    @Override
    public int getPriority() {
        return DEFAULT_PRIORITY + 100;
    }
}
