using System.Data.Common;

namespace KeycloakAccess.Data;

/// <summary>Others hold the database for longer than a write or a read waits: an outage, answered with 503.</summary>
internal sealed class DatabaseBusyException : DbException
{
    public DatabaseBusyException()
    {
    }

    public DatabaseBusyException(string message)
        : base(message)
    {
    }

    public DatabaseBusyException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public override bool IsTransient => true;
}
