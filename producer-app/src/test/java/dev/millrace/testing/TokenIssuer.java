package dev.millrace.testing;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

/// An OpenID Connect provider as far as a resource server needs one: it publishes its keys and signs tokens.
public final class TokenIssuer implements AutoCloseable {
    /// Whom its tokens are for: `quarkus.oidc.token.audience`.
    public static final String AUDIENCE = "millrace";

    private final HttpServer server;
    private final KeyPair keys;
    private final KeyPair otherKeys;

    private TokenIssuer(HttpServer server) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        this.server = server;
        this.keys = generator.generateKeyPair();
        this.otherKeys = generator.generateKeyPair();
    }

    /// Starts it on a free port.
    public static TokenIssuer start() throws IOException, GeneralSecurityException {
        TokenIssuer issuer =
                new TokenIssuer(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
        issuer.serve(
                "/.well-known/openid-configuration",
                "{\"issuer\":\"" + issuer.url() + "\",\"jwks_uri\":\"" + issuer.url() + "/jwks\"}");
        RSAPublicKey key = (RSAPublicKey) issuer.keys.getPublic();
        issuer.serve(
                "/jwks",
                "{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"k1\",\"n\":\""
                        + text(unsigned(key.getModulus())) + "\",\"e\":\"" + text(unsigned(key.getPublicExponent()))
                        + "\"}]}");
        issuer.server.start();
        return issuer;
    }

    private void serve(String path, String json) {
        server.createContext(path, exchange -> {
            byte[] body = json.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
    }

    /// Where it is: `quarkus.oidc.auth-server-url`.
    public String url() {
        return "http://localhost:" + server.getAddress().getPort();
    }

    /// A token that is good for a minute.
    public String token(String name, String... groups) {
        return token(keys, AUDIENCE, name, Duration.ofMinutes(1), List.of(groups));
    }

    /// One that is good elsewhere.
    public String tokenFor(String audience, String name, String... groups) {
        return token(keys, audience, name, Duration.ofMinutes(1), List.of(groups));
    }

    /// One that was good until an hour ago.
    public String expiredToken(String name, String... groups) {
        return token(keys, AUDIENCE, name, Duration.ofHours(-1), List.of(groups));
    }

    /// One that somebody else has signed.
    public String forgedToken(String name, String... groups) {
        return token(otherKeys, AUDIENCE, name, Duration.ofMinutes(1), List.of(groups));
    }

    private String token(KeyPair signer, String audience, String name, Duration validity, List<String> groups) {
        Instant now = Instant.now();
        String list = groups.stream().map(each -> "\"" + each + "\"").collect(Collectors.joining(","));
        String signed = text("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}".getBytes(StandardCharsets.UTF_8))
                + "."
                + text(("{\"iss\":\"" + url() + "\",\"sub\":\"" + name + "\",\"upn\":\"" + name + "\",\"aud\":\""
                                + audience + "\",\"iat\":"
                                + now.minusSeconds(7200).getEpochSecond() + ",\"exp\":"
                                + now.plus(validity).getEpochSecond() + ",\"groups\":[" + list + "]}")
                        .getBytes(StandardCharsets.UTF_8));
        try {
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(signer.getPrivate());
            signature.update(signed.getBytes(StandardCharsets.US_ASCII));
            return signed + "." + text(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new UncheckedIOException(new IOException("cannot sign", e));
        }
    }

    private static byte[] unsigned(BigInteger number) {
        byte[] bytes = number.toByteArray();
        return bytes[0] == 0 ? Arrays.copyOfRange(bytes, 1, bytes.length) : bytes;
    }

    private static String text(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
