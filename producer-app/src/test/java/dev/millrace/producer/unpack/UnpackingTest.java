package dev.millrace.producer.unpack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import dev.millrace.producer.document.Fault;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class UnpackingTest {
    private static final long SEED = 20261124;
    private static final int EXPANSION = 100;

    private final UnpackingRoom room = new UnpackingRoom(16 << 20);

    @AfterEach
    void nothingIsHeldAfterwards() {
        assertThat(room.held()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aBodyIsUnpackedHoweverItIsCut(ContentCoding coding) {
        byte[] content = content(200_000);
        byte[] packed = pack(coding, content);
        for (int cut : new int[] {1, 2, 7, 1000, packed.length}) {
            Result result = unpack(coding, packed, cut);

            assertThat(result.broken()).isEmpty();
            assertThat(result.content()).as("cut into %d", cut).isEqualTo(text(content));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void partsThatFollowEachOtherAreOneBody(ContentCoding coding) {
        byte[] content = content(100_000);
        byte[] packed = concat(
                pack(coding, Arrays.copyOf(content, 70_000)),
                pack(coding, new byte[0]),
                pack(coding, Arrays.copyOfRange(content, 70_000, 100_000)));

        Result result = unpack(coding, packed, 11);

        assertThat(result.broken()).isEmpty();
        assertThat(result.content()).isEqualTo(text(content));
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void aBodyThatBreaksOffIsNeverTakenForAWholeOne(ContentCoding coding) {
        byte[] content = content(3_000);
        byte[] packed = pack(coding, content);
        for (int length = 1; length < packed.length; length++) {
            Result result = unpack(coding, Arrays.copyOf(packed, length), 64);

            assertThat(result.broken())
                    .as("%d of %d bytes", length, packed.length)
                    .isPresent();
            assertThat(text(content)).startsWith(result.content());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void damageIsSaidOrHarmlessAndNeverMore(ContentCoding coding) {
        byte[] content = content(3_000);
        byte[] packed = pack(coding, content);
        Random random = new Random(SEED);
        int said = 0;
        for (int round = 0; round < 2_000; round++) {
            byte[] damaged = packed.clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));

            Result result = unpack(coding, damaged, 1 + random.nextInt(500));

            if (result.broken().isPresent()) {
                said++;
            } else {
                assertThat(result.content()).isEqualTo(text(content));
            }
        }
        assertThat(said).isGreaterThan(1_800);
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void whatIsNotPackedAtAllIsSaidToBe(ContentCoding coding) {
        Result result = unpack(coding, "{\"text\":\"plain\"}".getBytes(StandardCharsets.UTF_8), 100);

        assertThat(result.broken())
                .hasValueSatisfying(no -> assertThat(no.reason()).isEqualTo("is not " + coding.text()));
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void aBombIsStoppedSoonAfterWhatIsFree(ContentCoding coding) {
        byte[] packed = pack(coding, new byte[(int) Unpacking.FREE + (8 << 20)]);

        Result result = unpack(coding, packed, 8192);

        assertThat(result.broken()).hasValueSatisfying(no -> {
            assertThat(no.fault()).isEqualTo(Fault.TOO_LARGE);
            assertThat(no.reason()).contains("millrace.api.max-expansion = 100");
        });
        assertThat(result.largestPiece()).isLessThanOrEqualTo(Unpacker.PIECE);
        assertThat(result.unpacked()).isLessThanOrEqualTo(Unpacking.FREE + Unpacker.PIECE);
    }

    @Test
    void aZstdFrameThatNeedsALargeWindowIsRefusedBeforeItIsGiven() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZstdOutputStream zstd = new ZstdOutputStream(out, 1).setLong(27)) {
            zstd.write(content(1000));
        }

        assertThat(unpack(ContentCoding.ZSTD, out.toByteArray(), 5).broken())
                .hasValueSatisfying(no -> assertThat(no.reason()).contains("134217728 bytes", "RFC 9659"));
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void whereTheRoomIsTakenNothingIsUnpackedUntilItIsGivenBack(ContentCoding coding) {
        // Given
        byte[] packed = pack(coding, content(3_000));
        UnpackingRoom.Share others = room.share();
        assertThatCode(() -> others.atLeast((16 << 20) - 1)).doesNotThrowAnyException();

        // Then
        assertThat(unpack(coding, packed, 100).broken()).hasValueSatisfying(no -> {
            assertThat(no.fault()).isEqualTo(Fault.BUSY);
            assertThat(no.reason()).contains("millrace.api.max-unpacking = 16777216");
        });
        others.close();
        assertThat(unpack(coding, packed, 100).broken()).isEmpty();
    }

    @Test
    void aLaterFrameOfASmallerWindowGivesNothingBack() throws Exception {
        // Given
        byte[] large = pack(ContentCoding.ZSTD, content(1 << 20));
        byte[] packed = concat(large, Zstd.compress(content(100)));
        try (Unpacking unpacking = new Unpacking(ContentCoding.ZSTD, EXPANSION, room)) {
            // When
            unpacking.feed(Arrays.copyOf(packed, 100));
            while (unpacking.next() instanceof Unpacking.Bytes) {
                // On to the end of what was fed.
            }
            long first = room.held();
            unpacking.feed(Arrays.copyOfRange(packed, 100, packed.length));
            while (unpacking.next() instanceof Unpacking.Bytes) {
                // The library keeps its largest window.
            }

            // Then
            assertThat(first).isGreaterThan(1 << 20);
            assertThat(room.held()).isEqualTo(first);
        }
    }

    @Test
    void gzipWithEveryPartOfAHeaderIsUnpacked() {
        byte[] content = content(500);
        byte[] plain = pack(ContentCoding.GZIP, content);
        byte[] header = {31, (byte) 139, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 2, 0, 'x', 'y', 'n', 0, 'c', 0};
        CRC32 checksum = new CRC32();
        checksum.update(header);
        byte[] headerChecksum = {(byte) checksum.getValue(), (byte) (checksum.getValue() >> 8)};
        byte[] packed = concat(header, headerChecksum, Arrays.copyOfRange(plain, 10, plain.length));

        assertThat(unpack(ContentCoding.GZIP, packed, 1).content()).isEqualTo(text(content));
    }

    /// @param content its beginning, a character for each byte
    private record Result(String content, long unpacked, int largestPiece, Optional<Unpacking.Piece.Broken> broken) {}

    private Result unpack(ContentCoding coding, byte[] packed, int cut) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        long unpacked = 0;
        int largest = 0;
        int at = 0;
        try (Unpacking unpacking = new Unpacking(coding, EXPANSION, room)) {
            while (true) {
                switch (unpacking.next()) {
                    case Unpacking.Bytes piece -> {
                        unpacked += piece.bytes().length;
                        largest = Math.max(largest, piece.bytes().length);
                        if (unpacked < 1 << 20) {
                            content.writeBytes(piece.bytes());
                        }
                    }
                    case Unpacking.Piece.Hungry _ -> {
                        if (at == packed.length) {
                            unpacking.end();
                        } else {
                            int size = Math.min(cut, packed.length - at);
                            unpacking.feed(Arrays.copyOfRange(packed, at, at + size));
                            at += size;
                        }
                    }
                    case Unpacking.Piece.End _ -> {
                        return new Result(text(content.toByteArray()), unpacked, largest, Optional.empty());
                    }
                    case Unpacking.Piece.Broken no -> {
                        return new Result(text(content.toByteArray()), unpacked, largest, Optional.of(no));
                    }
                }
            }
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /// Half of it compresses.
    private static byte[] content(int size) {
        byte[] content = new byte[size];
        new Random(SEED).nextBytes(content);
        Arrays.fill(content, size / 4, size * 3 / 4, (byte) 'x');
        return content;
    }

    private static byte[] pack(ContentCoding coding, byte[] content) {
        return switch (coding) {
            case IDENTITY -> content;
            case GZIP -> {
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
                    gzip.write(content);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                yield out.toByteArray();
            }
            case ZSTD -> {
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                try (ZstdOutputStream zstd = new ZstdOutputStream(out).setChecksum(true)) {
                    zstd.write(content);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                yield content.length == 0 ? Zstd.compress(content) : out.toByteArray();
            }
        };
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
