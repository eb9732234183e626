package dev.millrace.producer.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The API keys that are known, by their hashes. Immutable.
///
/// A key is a long random text, so a plain SHA-256 of it gives nothing away; a password would need more.
final class ApiKeys {
    private static final Pattern FORM = Pattern.compile("([A-Za-z0-9._-]{1,64}):([a-z]+):([0-9a-fA-F]{64})");

    private final List<ApiKey> keys;

    private ApiKeys(List<ApiKey> keys) {
        this.keys = List.copyOf(keys);
    }

    private static final class ApiKey {
        private final Holder holder;
        private final byte[] hash;

        private ApiKey(Holder holder, byte[] hash) {
            this.holder = holder;
            this.hash = hash;
        }
    }

    /// Who has a key.
    record Holder(String name, Role role) {}

    /// @param settings as [SecurityConfig#apiKeys] has them
    /// @throws IllegalArgumentException naming the setting, never a hash
    static ApiKeys parse(List<String> settings) {
        List<ApiKey> keys = new ArrayList<>();
        for (String each : settings) {
            Matcher form = FORM.matcher(each.strip());
            if (!form.matches()) {
                throw wrong(keys.size(), "is not NAME:ROLE:HASH, with the SHA-256 of the key in hex");
            }
            Optional<Role> role = Role.parse(form.group(2));
            if (role.isEmpty()) {
                throw wrong(keys.size(), "has the role '" + form.group(2) + "', which is neither ingest nor admin");
            }
            keys.add(new ApiKey(
                    new Holder(form.group(1), role.get()), HexFormat.of().parseHex(form.group(3))));
        }
        return new ApiKeys(keys);
    }

    private static IllegalArgumentException wrong(int index, String what) {
        return new IllegalArgumentException("millrace.security.api-keys: entry " + (index + 1) + " " + what);
    }

    boolean isEmpty() {
        return keys.isEmpty();
    }

    /// Whose key it is. Every key is looked at, each in constant time: how long it takes tells nothing.
    Optional<Holder> holder(String key) {
        byte[] hash = hash(key);
        Holder holder = null;
        for (ApiKey each : keys) {
            if (MessageDigest.isEqual(hash, each.hash)) {
                holder = each.holder;
            }
        }
        return Optional.ofNullable(holder);
    }

    private static byte[] hash(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
