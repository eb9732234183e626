package dev.millrace.producer.store;

import java.util.regex.Pattern;

/// Names an object of a store by its content.
///
/// @param sha256 of its bytes, in hex
/// @param length in bytes
public record ObjectReference(String sha256, long length) {
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    public ObjectReference {
        if (!SHA256.matcher(sha256).matches()) {
            throw new IllegalArgumentException("sha256 = " + sha256 + " is not 64 digits of hex");
        }
        if (length < 0) {
            throw new IllegalArgumentException("length = " + length + " is negative");
        }
    }

    /// Where it lies in a store: `ab/cd/abcd…`, so that no directory holds more than some hundreds of a million.
    public String key() {
        return sha256.substring(0, 2) + "/" + sha256.substring(2, 4) + "/" + sha256;
    }
}
