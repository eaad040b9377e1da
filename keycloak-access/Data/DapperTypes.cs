using System.Data;
using Dapper;
using Microsoft.Data.Sqlite;

namespace KeycloakAccess.Data;

/// <summary>Teaches Dapper the types that SQLite has no column type for: those of <see cref="StoredType"/>.</summary>
internal static class DapperTypes
{
    private static readonly Lock Registering = new();
    private static bool _registered;

    /// <summary>Registers once for the process: Dapper's registry is static.</summary>
    public static void Register()
    {
        // Under a lock, since Dapper keeps what it makes of a query, and would keep it without the handlers.
        lock (Registering)
        {
            if (_registered)
            {
                return;
            }

            DefaultTypeMap.MatchNamesWithUnderscores = true;
            Add(StoredType.Id);
            Add(StoredType.Instant);
            Add(StoredType.Date);
            Add(StoredType.Boolean);
            _registered = true;
        }
    }

    private static void Add<T>(StoredType<T> type)
        where T : struct
    {
        // Dapper asks its own map first and would never call the handler when it writes (Dapper 2.1).
        SqlMapper.RemoveTypeMap(typeof(T));
        SqlMapper.RemoveTypeMap(typeof(T?));
        SqlMapper.AddTypeHandler(new Handler<T>(type));
    }

    private sealed class Handler<T>(StoredType<T> type) : SqlMapper.TypeHandler<T>
        where T : struct
    {
        public override T Parse(object value) => type.Read(value);

        public override void SetValue(IDbDataParameter parameter, T value) => parameter.Value =
            type.ToDatabase(value, parameter is SqliteParameter ? DatabaseEngine.Sqlite : DatabaseEngine.PostgreSql);
    }
}
