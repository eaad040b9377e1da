using System.Data;
using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;

namespace KeycloakAccess.Data;

/// <summary>
/// Teaches Dapper the types that SQLite has no column type for. SQLite keeps ids as lower-case text, instants as
/// ISO 8601 text in UTC (so that their order as text is their order in time) and booleans as 0 and 1; PostgreSQL has
/// types of its own and gets the values as they are.
/// </summary>
internal static class DapperTypes
{
    private static readonly Lock Registering = new();
    private static bool _registered;

    /// <summary>Registers the handlers once for the process: Dapper's registry is static, so a second call does nothing.</summary>
    public static void Register()
    {
        // Whoever comes second waits: Dapper keeps what it makes of a query, and would keep it without the handlers.
        lock (Registering)
        {
            if (_registered)
            {
                return;
            }

            DefaultTypeMap.MatchNamesWithUnderscores = true;
            Add(new Ids());
            Add(new Instants());
            Add(new Dates());
            Add(new Booleans());
            _registered = true;
        }
    }

    private static void Add<T>(SqlMapper.TypeHandler<T> handler)
        where T : struct
    {
        // Dapper asks its own map first and would never call the handler when it writes (Dapper 2.1).
        SqlMapper.RemoveTypeMap(typeof(T));
        SqlMapper.RemoveTypeMap(typeof(T?));
        SqlMapper.AddTypeHandler(handler);
    }

    private sealed class Ids : SqlMapper.TypeHandler<Guid>
    {
        public override Guid Parse(object value) => value is Guid id ? id : Guid.ParseExact((string)value, "D");

        public override void SetValue(IDbDataParameter parameter, Guid value) =>
            parameter.Value = parameter is SqliteParameter ? value.ToString("D") : value;
    }

    private sealed class Instants : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => value switch
        {
            DateTimeOffset instant => instant,
            DateTime utc => new DateTimeOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc)),
            _ => DateTimeOffset.ParseExact((string)value, "O", CultureInfo.InvariantCulture),
        };

        // Both engines get whole microseconds, PostgreSQL's resolution, so that what is read is what was written.
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
        {
            var utc = value.ToUniversalTime();
            utc = utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMicrosecond));
            parameter.Value = parameter is SqliteParameter ? utc.ToString("O", CultureInfo.InvariantCulture) : utc;
        }
    }

    private sealed class Dates : SqlMapper.TypeHandler<DateOnly>
    {
        public override DateOnly Parse(object value) => value switch
        {
            DateOnly date => date,
            DateTime date => DateOnly.FromDateTime(date),
            _ => DateOnly.ParseExact((string)value, "O", CultureInfo.InvariantCulture),
        };

        public override void SetValue(IDbDataParameter parameter, DateOnly value) =>
            parameter.Value = parameter is SqliteParameter ? value.ToString("O", CultureInfo.InvariantCulture) : value;
    }

    private sealed class Booleans : SqlMapper.TypeHandler<bool>
    {
        public override bool Parse(object value) => value is bool truth ? truth : Convert.ToInt64(value, CultureInfo.InvariantCulture) != 0;

        public override void SetValue(IDbDataParameter parameter, bool value) => parameter.Value = value;
    }
}
