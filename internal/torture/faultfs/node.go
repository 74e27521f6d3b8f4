//go:build linux

package faultfs

import (
	"context"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// root is the folder.
type root struct {
	fs.Inode
	fs *FS
}

var (
	_ fs.NodeLookuper       = (*root)(nil)
	_ fs.NodeCreater        = (*root)(nil)
	_ fs.NodeUnlinker       = (*root)(nil)
	_ fs.NodeRenamer        = (*root)(nil)
	_ fs.NodeReaddirer      = (*root)(nil)
	_ fs.NodeGetattrer      = (*root)(nil)
	_ fs.NodeSetattrer      = (*root)(nil)
	_ fs.NodeStatfser       = (*root)(nil)
	_ fs.NodeOpendirHandler = (*root)(nil)
	_ fs.NodeGetattrer      = (*node)(nil)
	_ fs.NodeSetattrer      = (*node)(nil)
	_ fs.NodeOpener         = (*node)(nil)
	_ fs.NodeReader         = (*node)(nil)
	_ fs.NodeWriter         = (*node)(nil)
	_ fs.NodeFsyncer        = (*node)(nil)
	_ fs.NodeFlusher        = (*node)(nil)
	_ fs.NodeStatfser       = (*node)(nil)
)

// node is one file; it keeps the name it was made or found under.
type node struct {
	fs.Inode
	fs   *FS
	one  *file
	name string
}

func (r *root) child(ctx context.Context, name string, one *file) *fs.Inode {
	return r.NewInode(ctx, &node{fs: r.fs, one: one, name: name}, fs.StableAttr{Mode: syscall.S_IFREG})
}

func (r *root) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	one := r.fs.names[name]
	if one == nil {
		return nil, syscall.ENOENT
	}
	out.Mode, out.Size = syscall.S_IFREG|0o600, uint64(len(one.data))
	return r.child(ctx, name, one), 0
}

func (r *root) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	if errno := r.fs.may(name, true); errno != 0 {
		return nil, nil, 0, errno
	}
	one := &file{}
	r.fs.names[name] = one
	r.fs.pending = append(r.fs.pending, entry{name, one})
	out.Mode = syscall.S_IFREG | 0o600
	return r.child(ctx, name, one), nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (r *root) Unlink(_ context.Context, name string) syscall.Errno {
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	if errno := r.fs.may(name, false); errno != 0 {
		return errno
	}
	if r.fs.names[name] == nil {
		return syscall.ENOENT
	}
	delete(r.fs.names, name)
	r.fs.pending = append(r.fs.pending, entry{name, nil})
	return 0
}

func (r *root) Rename(_ context.Context, name string, _ fs.InodeEmbedder, to string, _ uint32) syscall.Errno {
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	if errno := r.fs.may(name, false); errno != 0 {
		return errno
	}
	one := r.fs.names[name]
	if one == nil {
		return syscall.ENOENT
	}
	delete(r.fs.names, name)
	r.fs.names[to] = one
	r.fs.pending = append(r.fs.pending, entry{to, one}, entry{name, nil})
	return 0
}

func (r *root) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	var list []fuse.DirEntry
	for name := range r.fs.names {
		list = append(list, fuse.DirEntry{Name: name, Mode: syscall.S_IFREG})
	}
	return fs.NewListDirStream(list), 0
}

// OpendirHandle opens the folder in such a way that it can be synced.
func (r *root) OpendirHandle(ctx context.Context, _ uint32) (fs.FileHandle, uint32, syscall.Errno) {
	list, errno := r.Readdir(ctx)
	return &folder{list, r.fs}, 0, errno
}

type folder struct {
	fs.DirStream
	fs *FS
}

func (d *folder) Readdirent(context.Context) (*fuse.DirEntry, syscall.Errno) {
	if !d.HasNext() {
		return nil, 0
	}
	e, errno := d.Next()
	return &e, errno
}

func (d *folder) Fsyncdir(context.Context, uint32) syscall.Errno { return d.fs.syncNames() }

func (r *root) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode = syscall.S_IFDIR | 0o700
	return 0
}

func (r *root) Setattr(context.Context, fs.FileHandle, *fuse.SetAttrIn, *fuse.AttrOut) syscall.Errno {
	return 0
}

func (r *root) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	r.fs.statfs(out)
	return 0
}

func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	n.fs.statfs(out)
	return 0
}

func (f *FS) statfs(out *fuse.StatfsOut) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out.Bsize, out.Frsize, out.NameLen = 4096, 4096, 255
	out.Blocks = 8 << 30 / 4096
	if !f.faults.Full {
		out.Bfree, out.Bavail = out.Blocks/2, out.Blocks/2
	}
}

func (n *node) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	out.Mode, out.Size = syscall.S_IFREG|0o600, uint64(len(n.one.data))
	return 0
}

func (n *node) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	if size, ok := in.GetSize(); ok {
		if errno := n.fs.may(n.name, int64(size) > int64(len(n.one.data))); errno != 0 {
			return errno
		}
		w := write{size: int64(size)}
		n.one.data = w.on(n.one.data)
		n.one.pending = append(n.one.pending, w)
	}
	out.Mode, out.Size = syscall.S_IFREG|0o600, uint64(len(n.one.data))
	return 0
}

func (n *node) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (n *node) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	if n.fs.off {
		return nil, syscall.EIO
	}
	if off >= int64(len(n.one.data)) {
		return fuse.ReadResultData(nil), 0
	}
	return fuse.ReadResultData(dest[:copy(dest, n.one.data[off:])]), 0
}

func (n *node) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	if errno := n.fs.may(n.name, off+int64(len(data)) > int64(len(n.one.data))); errno != 0 {
		return 0, errno
	}
	if len(data) == 0 {
		return 0, 0
	}
	w := write{at: off, data: append([]byte(nil), data...)} // data is the kernel's again when we return
	n.one.data = w.on(n.one.data)
	n.one.pending = append(n.one.pending, w)
	return uint32(len(data)), 0
}

func (n *node) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return n.fs.sync(n.one) }

func (n *node) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }
