package dev.millrace.trainer.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PartitionPackerTest {
    @Test
    void cutsWindowsThatOverlapByTheOneTokenThatIsTargetAndThenInput() {
        PartitionPacker packer = new PartitionPacker(3, 4, Position.startingAt(10));

        packer.append(0, 10, new int[] {1, 2, 3});
        packer.append(0, 12, new int[] {4, 5, 6, 7, 8, 9});

        Window first = packer.next();
        Window second = packer.next();
        assertThat(inputs(first)).containsExactly(1, 2, 3, 4);
        assertThat(targets(first)).containsExactly(2, 3, 4, 5);
        assertThat(inputs(second)).containsExactly(5, 6, 7, 8);
        assertThat(targets(second)).containsExactly(6, 7, 8, 9);
        assertThat(first.partition()).isEqualTo(3);
        assertThat(first.start()).isEqualTo(new Position(0, 10, 0));
        assertThat(first.end()).isEqualTo(new Position(0, 12, 1)).isEqualTo(second.start());
        assertThat(packer.position()).isEqualTo(new Position(0, 12, 5));
        assertThat(packer.hasWindow()).isFalse();
    }

    @Test
    void padsTheLastWindowAndTrainsOnNoPadding() {
        PartitionPacker packer = new PartitionPacker(0, 4, Position.startingAt(0));
        packer.append(0, 0, new int[] {7, 8, 9});

        Window last = packer.flush().orElseThrow();

        assertThat(inputs(last)).containsExactly(7, 8, 9, 0);
        assertThat(targets(last)).containsExactly(8, 9, Window.IGNORED, Window.IGNORED);
        assertThat(last.targetCount()).isEqualTo(2);
        assertThat(packer.position()).isEqualTo(new Position(0, 1, 0));
    }

    @Test
    void leavesNoWindowWhereOnlyTheTokenWaitsThatWasATargetAlready() {
        PartitionPacker packer = new PartitionPacker(0, 2, Position.startingAt(0));
        packer.append(0, 0, new int[] {1, 2, 3});

        Window only = packer.next();

        assertThat(targets(only)).containsExactly(2, 3);
        assertThat(packer.flush()).isEmpty();
    }

    @Test
    void refusesARecordThatDoesNotComeNext() {
        PartitionPacker packer = new PartitionPacker(0, 8, Position.startingAt(5));
        packer.append(0, 5, new int[] {1});

        assertThatThrownBy(() -> packer.append(0, 5, new int[] {1})).hasMessageContaining("offset 5");
        assertThatThrownBy(() -> new PartitionPacker(0, 8, new Position(0, 5, 3)).append(0, 5, new int[] {1, 2}))
                .hasMessageContaining("only 2 tokens");
    }

    /// The guarantee that resuming stands on, over random documents, window lengths and places to stop.
    @Test
    void aPackerThatStartsAtThePositionOfAnotherCutsTheSameWindows() {
        Random random = new Random(20261123);
        for (int round = 0; round < 3_000; round++) {
            int length = 1 + random.nextInt(9);
            List<int[]> documents = documents(random);
            List<String> undisturbed = new ArrayList<>();
            PartitionPacker packer = new PartitionPacker(0, length, Position.startingAt(0));
            feed(packer, documents, 0, undisturbed, Integer.MAX_VALUE);
            packer.flush().ifPresent(window -> undisturbed.add(describe(window)));

            List<String> resumed = new ArrayList<>();
            PartitionPacker before = new PartitionPacker(0, length, Position.startingAt(0));
            feed(before, documents, 0, resumed, random.nextInt(undisturbed.size() + 1));
            Position position = before.position();
            PartitionPacker after = new PartitionPacker(0, length, position);
            feed(after, documents, (int) position.offset(), resumed, Integer.MAX_VALUE);
            after.flush().ifPresent(window -> resumed.add(describe(window)));

            assertThat(resumed).as("round %d", round).isEqualTo(undisturbed);
        }
    }

    @Test
    void everyTokenButTheVeryFirstIsATargetExactlyOnce() {
        Random random = new Random(7);
        for (int round = 0; round < 500; round++) {
            List<int[]> documents = documents(random);
            PartitionPacker packer = new PartitionPacker(0, 1 + random.nextInt(9), Position.startingAt(0));
            List<Integer> trained = new ArrayList<>();
            for (int offset = 0; offset < documents.size(); offset++) {
                packer.append(0, offset, documents.get(offset));
                while (packer.hasWindow()) {
                    collect(packer.next(), trained);
                }
            }
            packer.flush().ifPresent(window -> collect(window, trained));

            List<Integer> all = documents.stream()
                    .flatMap(ids -> java.util.Arrays.stream(ids).boxed())
                    .toList();
            assertThat(trained).isEqualTo(all.size() < 2 ? List.of() : all.subList(1, all.size()));
        }
    }

    private static void collect(Window window, List<Integer> trained) {
        for (int target : targets(window)) {
            if (target != Window.IGNORED) {
                trained.add(target);
            }
        }
    }

    private static List<int[]> documents(Random random) {
        List<int[]> documents = new ArrayList<>();
        int token = 1;
        for (int count = random.nextInt(12); count > 0; count--) {
            int[] ids = new int[random.nextInt(15)];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = token++;
            }
            documents.add(ids);
        }
        return documents;
    }

    private static void feed(PartitionPacker packer, List<int[]> documents, int from, List<String> windows, int limit) {
        int cut = 0;
        for (int offset = from; offset < documents.size() && cut < limit; offset++) {
            packer.append(0, offset, documents.get(offset));
            while (packer.hasWindow() && cut < limit) {
                windows.add(describe(packer.next()));
                cut++;
            }
        }
    }

    private static String describe(Window window) {
        return window.start() + java.util.Arrays.toString(inputs(window)) + java.util.Arrays.toString(targets(window));
    }

    private static int[] inputs(Window window) {
        int[] row = new int[window.length()];
        window.copyInputs(row, 0);
        return row;
    }

    private static int[] targets(Window window) {
        int[] row = new int[window.length()];
        window.copyTargets(row, 0);
        return row;
    }
}
