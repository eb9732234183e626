package dev.millrace.producer.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryStoreTest {
    private static final byte[] MILL = "A mill.".getBytes(StandardCharsets.UTF_8);
    /// `printf 'A mill.' | sha256sum`.
    private static final String HASH = "cf4a45fb871fa637909143ac63e79b91b9d4532c3f955d3e3f15a498a3dff237";

    @TempDir
    Path root;

    private DirectoryStore store;

    @BeforeEach
    void open() throws IOException {
        store = DirectoryStore.open(root);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void anObjectIsCalledByItsContentAndIsThereOnceItIsCommitted() throws IOException {
        try (ObjectStore.Upload upload = store.begin()) {
            upload.write(MILL, 0, 3);
            upload.write(MILL, 3, MILL.length - 3);
            ObjectReference object = upload.seal();

            assertThat(object).isEqualTo(new ObjectReference(HASH, MILL.length));
            assertThat(object.key()).isEqualTo(HASH.substring(0, 2) + "/" + HASH.substring(2, 4) + "/" + HASH);
            assertThat(root.resolve(object.key())).doesNotExist();
            assertThat(upload.commit()).isTrue();
        }
        assertThat(objects()).containsExactly(root.resolve(new ObjectReference(HASH, MILL.length).key()));
        assertThat(objects().getFirst()).hasBinaryContent(MILL);
    }

    @Test
    void whatComesAgainIsKnownAndWhatIsNotCommittedNeverWas() throws IOException {
        assertThat(put(MILL)).isTrue();
        assertThat(put(MILL)).isFalse();
        try (ObjectStore.Upload upload = store.begin()) {
            upload.write(new byte[100_000], 0, 100_000);
            var _ = upload.seal();
        }
        try (ObjectStore.Upload upload = store.begin()) {
            upload.write(new byte[100_000], 0, 100_000);
        }

        assertThat(objects()).hasSize(1);
    }

    @Test
    void anObjectThatWasCutShortBySomethingElseIsReplaced() throws IOException {
        var _ = put(MILL);
        Path object = objects().getFirst();
        Files.write(object, new byte[3]);

        assertThat(put(MILL)).isTrue();

        assertThat(object).hasBinaryContent(MILL);
    }

    @Test
    void theSameObjectBroughtByManyAtOnceIsThereOnceAndWhole() throws Exception {
        byte[] bytes = new byte[300_000];
        List<Future<Boolean>> added = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (int i = 0; i < 32; i++) {
                Callable<Boolean> one = () -> put(bytes);
                added.add(threads.submit(one));
            }
        }
        boolean any = false;
        for (Future<Boolean> each : added) {
            any |= each.get();
        }

        assertThat(any).isTrue();
        assertThat(objects()).hasSize(1);
        assertThat(objects().getFirst()).hasBinaryContent(bytes);
    }

    @Test
    void whatADeadProcessLeftIsDeletedAndWhatALivingOneBringsIsNot() throws Exception {
        Path dead = Files.createDirectories(root.resolve("incoming/00000000-dead"));
        Files.write(dead.resolve("lock"), new byte[0]);
        Files.write(dead.resolve("17"), new byte[1_000]);
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-classpath",
                        System.getProperty("java.class.path"),
                        Bringer.class.getName(),
                        root.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertThat(other.inputReader().readLine()).isEqualTo("written");
            assertThat(dead).doesNotExist();

            try (DirectoryStore third = DirectoryStore.open(root)) {
                other.outputWriter().write("commit\n");
                other.outputWriter().flush();
                assertThat(other.inputReader().readLine()).isEqualTo("committed");
                assertThat(third).isNotNull();
            }

            other.destroyForcibly().waitFor();
            DirectoryStore.open(root).close();
            // That of the store of this test.
            try (Stream<Path> incoming = Files.list(root.resolve("incoming"))) {
                assertThat(incoming.filter(Files::isDirectory)).hasSize(1);
            }
        } finally {
            other.destroyForcibly();
        }
    }

    /// Brings an object to a store, and commits it when it is told to.
    static final class Bringer {
        public static void main(String[] arguments) throws IOException, InterruptedException {
            DirectoryStore store = DirectoryStore.open(Path.of(arguments[0]));
            ObjectStore.Upload upload = store.begin();
            upload.write(MILL, 0, MILL.length);
            System.out.println("written");
            var _ = System.in.read();
            var _ = upload.seal();
            var _ = upload.commit();
            System.out.println("committed");
            // Until it is killed.
            Thread.currentThread().join();
        }
    }

    @Test
    void aStoreThatIsNotThereIsNotMade() {
        assertThatThrownBy(() -> DirectoryStore.open(root.resolve("not/mounted")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aFileSystemThatIsFullSaysSo() {
        assertThat(store.explained(new IOException("No space left on device")))
                .isInstanceOf(StoreFullException.class)
                .hasMessageContaining("millrace.claim.directory = " + root);
        assertThat(store.explained(new IOException("Input/output error"))).isNotInstanceOf(StoreFullException.class);
    }

    private boolean put(byte[] bytes) throws IOException {
        try (ObjectStore.Upload upload = store.begin()) {
            upload.write(bytes, 0, bytes.length);
            var _ = upload.seal();
            return upload.commit();
        }
    }

    /// All files but locks: objects, and what should not be there.
    private List<Path> objects() throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith("lock"))
                    .toList();
        }
    }
}
