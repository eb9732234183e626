package dev.millrace.producer.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.producer.store.MediaStore;
import dev.millrace.producer.store.MemoryStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Bodies that are too large for the log.
class LargeBodyTest {
    private static final long SEED = 20261125;
    private static final int MOST_ON_THE_LOG = 1_000;
    private static final int MOST_IN_THE_STORE = 100_000;
    private static final Names NONE = new Names(Optional.empty(), Optional.empty());

    private final MemoryStore objects = new MemoryStore();
    private final DocumentForms forms = forms(Optional.of(new MediaStore(objects, MOST_IN_THE_STORE)));

    private static DocumentForms forms(Optional<MediaStore> store) {
        return new DocumentForms(new DocumentReader(MOST_ON_THE_LOG, 8, 4), 8, 5, QualityRules.NONE, store);
    }

    @Test
    void aMediumGoesToTheStoreAndTheLogSaysWhereItIs() throws Exception {
        byte[] medium = bytes(50_000);

        Document document =
                accepted(take("image/png; a=b", new Names(Optional.of("id"), Optional.empty()), medium, 777));

        JsonNode claim = new ObjectMapper().readTree(document.value());
        assertThat(document.contentType()).isEqualTo("application/vnd.millrace.claim+json");
        assertThat(document.key()).isEqualTo("id");
        assertThat(claim.get("contentType").asText()).isEqualTo("image/png; a=b");
        assertThat(claim.get("length").asLong()).isEqualTo(medium.length);
        assertThat(claim.get("sha256").asText()).isEqualTo(document.contentHash());
        assertThat(claim.get("reference").asText()).endsWith("/" + document.contentHash());
        assertThat(objects.committed()).containsOnlyKeys(claim.get("reference").asText());
        assertThat(objects.committed().values()).containsExactly(medium);
    }

    /// The same whether they lie on the log or in the store: a retry under another limit is the same document.
    @Test
    void aDocumentIsTheSameWhereverItsMediaLie() throws Exception {
        byte[] medium = bytes(10_000);
        byte[] form = form(medium);
        DocumentForms roomy =
                new DocumentForms(new DocumentReader(1 << 20, 8, 4), 8, 5, QualityRules.NONE, Optional.empty());

        for (String type : new String[] {"audio/wav", "multipart/form-data; boundary=b"}) {
            byte[] body = type.startsWith("audio") ? medium : form;
            Document onTheLog = accepted(roomy.reader(MediaType.parse(type).orElseThrow(), NONE)
                    .orElseThrow()
                    .read(body));
            Document claimed = accepted(take(type, NONE, body, 4_096));

            assertThat(claimed.contentHash()).isEqualTo(onTheLog.contentHash());
            assertThat(claimed.value().length).isLessThan(MOST_ON_THE_LOG);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 7, 100, 65_536})
    void textsOfAContainerStayOnTheLogAsTheyAreInPiecesOfAnySize(int piece) throws Exception {
        byte[] medium = bytes(3_000);

        Document document = accepted(take("multipart/form-data; boundary=b", NONE, form(medium), piece));

        assertThat(document.key()).isEqualTo("page-1");
        assertThat(document.contentType()).isEqualTo("multipart/form-data; boundary=b");
        String hash = ContentHash.of(medium);
        assertThat(new String(document.value(), StandardCharsets.UTF_8))
                .isEqualTo("""
                --b
                Content-Disposition: form-data; name="id"

                page-1
                --b
                Content-Disposition: form-data; name="text"

                A mill:
                 grün
                --b
                Content-Disposition: form-data; name="file"; filename="m\u00fcll.png"
                Content-Type: application/vnd.millrace.claim+json

                {"reference":"%s/%s/%s","length":3000,"sha256":"%s","contentType":"image/png"}
                --b--
                """.formatted(hash.substring(0, 2), hash.substring(2, 4), hash, hash)
                        .replace("\n", "\r\n"));
        assertThat(objects.committed().values()).containsExactly(medium);
    }

    /// With a part that looks like the end of parts as far as it can.
    private static byte[] form(byte[] medium) {
        byte[] head = """
                before
                --b
                Content-Disposition: form-data; name="id"

                page-1
                --b
                Content-Disposition: form-data; name="text"

                A mill:
                 grün
                --b
                Content-Disposition: form-data; name="file"; filename="m\u00fcll.png"
                content-type: image/png
                Content-Length: 3000

                """.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8);
        byte[] tail = "\r\n--b--\r\nafter".getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(head, head.length + medium.length + tail.length);
        System.arraycopy(medium, 0, all, head.length, medium.length);
        System.arraycopy(tail, 0, all, head.length + medium.length, tail.length);
        return all;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            multipart/mixed; boundary=b | --b~~Content-Type: image/png~~~~x~~--b~~~~%~~--b--    | max-size = 1000 bytes
            multipart/mixed; boundary=b | --b~~Content-Type: application/vnd.millrace.claim+json~~~~{}~~--b--    | in part 1
            multipart/mixed; boundary=b | --b~~Content-Type: image/png~~Content-Transfer-Encoding: base64~~~~x~~--b-- | in part 1
            multipart/mixed; boundary=b | --b~~Content-Type: image/png~~~~x                     | breaks off in part 1
            multipart/mixed; boundary=b | --b~~Content-Type: image/png~~~~~~--b--               | no part with content
            multipart/mixed; boundary=b | --b~~Content-Type: image/png~~~~x~~--b~~~~\u0000~~--b-- | in part 2 that holds a NUL
            multipart/mixed             | --b~~                                                 | no boundary
            text/plain                  | %                                                     | max-size = 1000 bytes
            application/json            | %                                                     | max-size = 1000 bytes
            """)
    void whatIsNoDocumentLeavesNothingInTheStore(String type, String body, String reason) throws Exception {
        byte[] bytes =
                body.replace("~~", "\r\n").replace("%", "x".repeat(2_000)).getBytes(StandardCharsets.UTF_8);

        Admission admission = take(type, NONE, bytes, 100);

        assertThat(admission)
                .isInstanceOfSatisfying(
                        Admission.Rejected.class,
                        no -> assertThat(no.describe()).contains(reason));
        assertThat(objects.committed()).isEmpty();
        assertThat(objects.open()).isZero();
    }

    @Test
    void whatIsTooLargeForTheStoreOrHasNoneSaysWhichSettingItIs() throws Exception {
        assertThat(take("image/png", NONE, bytes(MOST_IN_THE_STORE + 1), 4_096))
                .isInstanceOfSatisfying(
                        Admission.Rejected.class,
                        no -> assertThat(no.reason()).contains("millrace.claim.max-size = " + MOST_IN_THE_STORE));
        assertThat(take("image/png", new Names(Optional.of("123456789"), Optional.empty()), bytes(2_000), 4_096))
                .isInstanceOfSatisfying(
                        Admission.Rejected.class,
                        no -> assertThat(no.describe()).contains("'id' is longer"));
        assertThat(forms(Optional.empty())
                        .reader(MediaType.parse("image/png").orElseThrow(), NONE)
                        .orElseThrow()
                        .oversize())
                .isInstanceOfSatisfying(
                        BodyReader.Oversize.Refused.class,
                        refused -> assertThat(refused.no())
                                .returns(Fault.TOO_LARGE, Admission.Rejected::fault)
                                .extracting(Admission.Rejected::reason)
                                .asString()
                                .contains("millrace.documents.max-size = 1000", "millrace.claim.directory is not set"));
        assertThat(objects.open()).isZero();
    }

    @Test
    void aStoreThatFailsIsAnErrorAndNoAnswerAboutTheDocument() {
        objects.failAfter(5_000);

        assertThatThrownBy(() -> take("image/png", NONE, bytes(50_000), 1_000)).isInstanceOf(IOException.class);
        assertThat(objects.open()).isZero();
    }

    /// A container is cut and flipped at random, and fed in pieces: what it is does not depend on where it was cut.
    @Test
    void aContainerIsTheSameInWhateverPiecesItComes() throws Exception {
        Random random = new Random(SEED);
        byte[] good = form(bytes(60));
        int taken = 0;
        for (int round = 0; round < 3_000; round++) {
            byte[] bad = Arrays.copyOf(good, good.length - random.nextInt(20));
            for (int i = random.nextInt(3); i > 0; i--) {
                bad[random.nextInt(bad.length)] =
                        (byte) (random.nextBoolean() ? random.nextInt(256) : "\r\n-:b".charAt(random.nextInt(5)));
            }
            Admission whole = take("multipart/form-data; boundary=b", NONE, bad, bad.length);
            Admission pieces = take("multipart/form-data; boundary=b", NONE, bad, 1 + random.nextInt(40));

            assertThat(describe(pieces)).isEqualTo(describe(whole));
            taken += whole instanceof Admission.Accepted ? 1 : 0;
        }
        assertThat(taken).isBetween(300, 2_900);
    }

    private static String describe(Admission admission) {
        return switch (admission) {
            case Admission.Accepted yes ->
                yes.document().key() + new String(yes.document().value(), StandardCharsets.UTF_8);
            case Admission.Rejected no -> no.describe();
        };
    }

    private Admission take(String type, Names names, byte[] body, int piece) throws IOException {
        BodyReader reader =
                forms.reader(MediaType.parse(type).orElseThrow(), names).orElseThrow();
        return switch (reader.oversize()) {
            case BodyReader.Oversize.Refused refused -> refused.no();
            case BodyReader.Oversize.Taken taken -> {
                try (LargeBody large = taken.body()) {
                    yield take(large, body, piece);
                }
            }
        };
    }

    private static Admission take(LargeBody large, byte[] body, int piece) throws IOException {
        for (int at = 0; at < body.length; at += piece) {
            Optional<Admission.Rejected> no =
                    large.take(Arrays.copyOfRange(body, at, Math.min(body.length, at + piece)));
            if (no.isPresent()) {
                return no.get();
            }
            assertThat(large.memory()).isLessThan(20_000L + 2L * piece);
        }
        return large.end();
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(SEED).nextBytes(bytes);
        // Nearly a delimiter, over and over.
        byte[] nearly = "\r\n--\r\n--a\r\n-b".getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at + nearly.length < length; at += 500) {
            System.arraycopy(nearly, 0, bytes, at, nearly.length);
        }
        return bytes;
    }

    private static Document accepted(Admission admission) {
        assertThat(admission).isInstanceOf(Admission.Accepted.class);
        return ((Admission.Accepted) admission).document();
    }
}
