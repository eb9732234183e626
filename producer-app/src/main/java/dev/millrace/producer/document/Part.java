package dev.millrace.producer.document;

import java.util.Optional;

/// One part of a multipart body, which is held whole.
final class Part {
    private final PartHead head;
    private final byte[] content;
    private final Optional<Claim> claim;

    /// @param claim the medium that the content refers to, where it is no content itself
    Part(PartHead head, byte[] content, Optional<Claim> claim) {
        this.head = head;
        this.content = content;
        this.claim = claim;
    }

    PartHead head() {
        return head;
    }

    byte[] content() {
        return content;
    }

    boolean isClaimed() {
        return claim.isPresent();
    }

    boolean isPlainText() {
        return !isClaimed() && head.type().filter(MediaType::isPlainText).isPresent();
    }

    /// Bytes of what the client sent as this part.
    long length() {
        return claim.map(each -> each.object().length()).orElse((long) content.length);
    }

    /// Its type as the client said it, without parameters.
    String essence() {
        return claim.map(Claim::type).or(head::type).map(MediaType::essence).orElse("");
    }

    /// Of what the client sent as this part.
    String sha256() {
        return claim.map(each -> each.object().sha256()).orElseGet(() -> ContentHash.of(content));
    }
}
