package dev.millrace.producer.store;

import java.io.IOException;

/// A store of objects that are named by their content: what is in it once is never changed, and to bring it again
/// changes nothing. Thread-safe.
///
/// The form is one that a bucket of S3 can have as well as a directory: an object has a flat key, is brought as a
/// stream of unknown length and content, and is seen whole or not at all. How that is done, by a rename or by one
/// conditional request, does not show.
public interface ObjectStore extends AutoCloseable {
    /// Begins an object.
    ///
    /// @throws StoreFullException where there is no room
    /// @throws IOException where the store cannot be reached
    Upload begin() throws IOException;

    /// Of objects that are still being brought nothing remains. Never throws.
    @Override
    void close();

    /// An object that is being brought. What is not committed when it is closed never was. One thread at a time.
    interface Upload extends AutoCloseable {
        /// The next bytes. May wait for a disk or a network; none of them is held longer than that.
        ///
        /// @throws StoreFullException where there is no room
        void write(byte[] bytes, int offset, int length) throws IOException;

        /// That was all: what the object is called from now on. Nobody sees it yet.
        ///
        /// @throws StoreFullException where there is no room
        ObjectReference seal() throws IOException;

        /// Puts a sealed object in the store. When this returns it is there, whatever dies, and may be spoken of.
        ///
        /// @return false where it was there before
        /// @throws StoreFullException where there is no room
        boolean commit() throws IOException;

        /// Never throws.
        @Override
        void close();
    }
}
