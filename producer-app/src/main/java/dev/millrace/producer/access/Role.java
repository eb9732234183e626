package dev.millrace.producer.access;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// What a caller may do; the names are those of tokens too.
public enum Role {
    /// Bring documents.
    INGEST,
    /// Have files read, besides.
    ADMIN;

    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Role> parse(String text) {
        for (Role role : values()) {
            if (role.text().equals(text)) {
                return Optional.of(role);
            }
        }
        return Optional.empty();
    }

    /// Whether one of these roles is enough for this one.
    boolean isAmong(Set<String> roles) {
        return roles.contains(text()) || roles.contains(ADMIN.text());
    }
}
