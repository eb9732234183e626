package dev.millrace.trainer.batch;

import dev.millrace.trainer.pack.PartitionPacker;
import dev.millrace.trainer.pack.Position;

/// One partition on its way into windows. Owned by the preparing thread.
final class Lane {
    final int partition;
    final PartitionPacker packer;
    final PositionCheck records;

    /// The pass that is being read; behind that of the run only where a resumed run reads waiting tokens again.
    int epoch;

    /// The first offset of that pass.
    long first;

    /// What lies below has been counted, and reported where it was bad.
    Position examined;

    boolean epochRead;
    boolean done;
    int badInARow;

    Lane(PartitionCursor cursor, int windowLength) {
        this.records = new PositionCheck(cursor);
        this.partition = cursor.partition();
        this.packer = new PartitionPacker(cursor.partition(), windowLength, cursor.position());
        this.epoch = cursor.position().epoch();
        this.examined = cursor.examined();
        this.done = cursor.done();
    }

    /// @param from the offset that it begins at
    void beginPass(int pass, long from) {
        epoch = pass;
        first = from;
        epochRead = false;
    }

    PartitionCursor cursor() {
        Position position = packer.position();
        return new PartitionCursor(partition, position, examined, records.at(position), done);
    }
}
