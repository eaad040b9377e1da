using System.Runtime.InteropServices;
using SQLitePCL;

namespace KeycloakAccess.Data;

/// <summary>
/// The first copy of the header of SQLite's wal-index (sqlite.org/walformat.html, section 2.1): a counter of commits, checksums and salts.
/// Two that are equal are of one state of the file.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct WalHeader(long First, long Second, long Third, long Fourth, long Fifth, long Sixth);

/// <summary>
/// Reads it where SQLite itself has mapped it into memory for a connection, which costs nothing beside the locks of a statement.
/// </summary>
internal static class WalIndex
{
    private const string Library = "e_sqlite3";
    private const int FilePointer = 7;
    private const int RegionSize = 32 * 1024;

    // Of sqlite3_io_methods (sqlite.org/c3ref/io_methods.html): an int, then pointers to functions.
    private const int MapsSince = 2;
    private const int MapAt = 13;

    /// <param name="connection">One that has read the file, and stays open for as long as the answer is used.</param>
    /// <returns>Zero where there is none: the file has no write-ahead log, or another SQLite is used.</returns>
    public static nint Find(sqlite3 connection)
    {
        try
        {
            if (FileControl(connection.DangerousGetHandle(), "main", FilePointer, out var file) != raw.SQLITE_OK
                || file == 0
                || Marshal.ReadIntPtr(file) is var methods && (methods == 0 || Marshal.ReadInt32(methods) < MapsSince)
                || Marshal.ReadIntPtr(methods, MapAt * nint.Size) is var map && map == 0)
            {
                return 0;
            }

            return Marshal.GetDelegateForFunctionPointer<MapRegion>(map)(file, 0, RegionSize, 0, out var region) == raw.SQLITE_OK
                ? region
                : 0;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return 0;
        }
    }

    public static WalHeader Read(nint index) => new(
        Marshal.ReadInt64(index),
        Marshal.ReadInt64(index, 8),
        Marshal.ReadInt64(index, 16),
        Marshal.ReadInt64(index, 24),
        Marshal.ReadInt64(index, 32),
        Marshal.ReadInt64(index, 40));

    [DllImport(Library, EntryPoint = "sqlite3_file_control", CallingConvention = CallingConvention.Cdecl)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FileControl(
        nint connection, [MarshalAs(UnmanagedType.LPUTF8Str)] string database, int operation, out nint value);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int MapRegion(nint file, int region, int size, int extend, out nint memory);
}
