package dev.millrace.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// A key of one's own with its certificate for `localhost`, which trusts nobody but itself.
///
/// @param store PKCS #12; key store and trust store in one
public record Certificates(Path store, String password) {
    /// Makes them, with the JDK's `keytool`.
    public static Certificates create(Path directory) throws IOException, InterruptedException {
        Certificates made = new Certificates(directory.resolve("store.p12"), "only-a-test");
        Path own = directory.resolve("own.pem");
        made.keytool(
                "-genkeypair", "-alias", "own", "-keyalg", "EC", "-dname", "CN=localhost", "-ext", "SAN=dns:localhost");
        made.keytool("-exportcert", "-rfc", "-alias", "own", "-file", own.toString());
        made.keytool("-importcert", "-noprompt", "-alias", "trusted", "-file", own.toString());
        return made;
    }

    private void keytool(String... arguments) throws IOException, InterruptedException {
        Path log = Files.createTempFile("keytool", ".log");
        List<String> command = new java.util.ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-keystore", store.toString(), "-storetype", "PKCS12", "-storepass", password));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (process.waitFor() != 0) {
            throw new IOException("keytool: " + Files.readString(log));
        }
    }

    /// For a client that trusts them.
    public SSLContext trusting() throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            trusted.load(in, password.toCharArray());
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}
