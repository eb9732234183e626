package dev.millrace.producer.document;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentFormsTest {
    private static final long SEED = 20261124;
    private static final Names NONE = new Names(Optional.empty(), Optional.empty());

    private final DocumentForms forms =
            new DocumentForms(new DocumentReader(20_000, 8, 4), 8, 3, QualityRules.NONE, Optional.empty());

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "text",
                "text/",
                "text/plain; charset=latin1",
                "text/html",
                "multipart/related; boundary=b",
                "text/plain; charset",
                "text/plain; charset=utf-8; charset=utf-8",
                "video/mp4",
                "image/*",
                "image/png\u0000"
            })
    void otherTypesAreNotTaken(String type) {
        assertThat(MediaType.parse(type).flatMap(each -> forms.reader(each, NONE)))
                .isEmpty();
    }

    @Test
    void aTypeIsReadHoweverItIsWritten() {
        MediaType type = MediaType.parse(" Multipart/Mixed ;\tBoundary=\"a \\\"b\\\"\" ;")
                .orElseThrow();

        assertThat(type.essence()).isEqualTo("multipart/mixed");
        assertThat(type.boundary()).hasValue("a \"b\"");
        assertThat(MediaType.parse("text/plain;charset=\"UTF-8\"").orElseThrow().isPlainText())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''                                                         | holds no delimiter
            no delimiter                                               | holds no delimiter
            --b                                                        | without CR LF
            --bc~~~~x~~--b--                                           | without CR LF
            --b--                                                      | no part with content
            --b~~~~~~--b--                                             | no part with content
            --b~~~~x                                                   | breaks off in part 1
            --b~~Content-Type: text/plain                              | breaks off in the headers of part 1
            --b~~: x~~~~x~~--b--                                       | has a header in part 1
            --b~~A B: x~~~~x~~--b--                                    | has a header in part 1
            --b~~A: x~~a: x~~~~x~~--b--                                | has a header in part 1
            --b~~~~1~~--b~~~~2~~--b~~~~3~~--b~~~~4~~--b--              | millrace.documents.max-parts = 3
            --b~~Content-Type: multipart/mixed~~~~x~~--b--             | has a multipart in part 1
            --b~~Content-Type: text/html~~~~x~~--b--                   | in part 1
            --b~~Content-Type: text~~~~x~~--b--                        | Content-Type in part 1 that is none
            --b~~Content-Transfer-Encoding: base64~~~~eA==~~--b--      | send the bytes as they are
            --b~~~~x~~--b~~~~\u0000~~--b--                             | text in part 2 that holds a NUL
            --b~~Content-Disposition: form-data; name=id~~~~123456789~~--b~~~~x~~--b-- | is longer than millrace
            --b~~Content-Disposition: form-data; name=id~~Content-Type: image/png~~~~1~~--b~~~~x~~--b-- | in a part that is no text
            --b~~Content-Disposition: form-data; name=id~~~~~~--b~~~~x~~--b-- | is empty
            --b~~Content-Disposition: form-data; name=id~~~~1~~--b~~Content-Disposition: form-data; name=id~~~~2~~--b-- | twice
            """)
    void saysWhatIsWrongWithAContainer(String body, String reason) {
        Admission admission = read("multipart/mixed; boundary=b", NONE, body.replace("~~", "\r\n"));

        assertThat(admission)
                .isInstanceOfSatisfying(
                        Admission.Rejected.class,
                        no -> assertThat(no.describe()).contains(reason).doesNotContain("line"));
    }

    @Test
    void headersOfAPartHaveALimit() {
        String header = "A: " + "x".repeat(9_000) + "\r\n\r\nx\r\n--b--";

        assertThat(read("multipart/mixed; boundary=b", NONE, "--b\r\n" + header))
                .isInstanceOfSatisfying(
                        Admission.Rejected.class,
                        no -> assertThat(no.describe()).contains("more than 8192 bytes of headers"));
    }

    @Test
    void whatIsSaidTwiceIsNotGuessed() {
        Names names = new Names(Optional.of("a"), Optional.empty());

        assertThat(read("application/json", names, "{\"text\":\"x\"}"))
                .isInstanceOfSatisfying(
                        Admission.Rejected.class,
                        no -> assertThat(no.describe()).contains("says 'id' and 'source' itself"));
        assertThat(read(
                        "multipart/form-data; boundary=b",
                        names,
                        "--b\r\nContent-Disposition: form-data; name=id\r\n\r\n1\r\n--b\r\n\r\nx\r\n--b--"))
                .isInstanceOf(Admission.Rejected.class);
    }

    @Test
    void theSamePartsAreTheSameDocumentWhateverLiesBetweenThem() {
        String first = "--b\r\n\r\ntext\r\n--b\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b--";
        String second = "before\r\n" + first.replace("--b", "--another") + "\r\nafter";

        Document one = accepted(read("multipart/mixed; boundary=b", NONE, first));
        Document other = accepted(read("multipart/mixed; boundary=another", NONE, second));

        assertThat(other.key()).isEqualTo(one.key());
        assertThat(new String(other.value(), StandardCharsets.UTF_8)).isEqualTo(second);
    }

    @Test
    void noBytesMakeAReaderThrow() {
        Random random = new Random(SEED);
        byte[] good = """
                --b
                Content-Disposition: form-data; name="id"

                1
                --b

                text
                --b
                Content-Type: image/png

                PNG
                --b--
                """.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8);
        int taken = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bad = good.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                bad[random.nextInt(bad.length)] =
                        (byte) (random.nextBoolean() ? random.nextInt(256) : "\r\n-:b".charAt(random.nextInt(5)));
            }
            Admission admission = forms.reader(
                            MediaType.parse("multipart/form-data; boundary=b").orElseThrow(), NONE)
                    .orElseThrow()
                    .read(bad);
            taken += admission instanceof Admission.Accepted ? 1 : 0;
        }
        assertThat(taken).isBetween(1_000, 19_000);
    }

    private static Document accepted(Admission admission) {
        assertThat(admission).isInstanceOf(Admission.Accepted.class);
        return ((Admission.Accepted) admission).document();
    }

    private Admission read(String type, Names names, String body) {
        return forms.reader(MediaType.parse(type).orElseThrow(), names)
                .orElseThrow()
                .read(body.getBytes(StandardCharsets.UTF_8));
    }
}
