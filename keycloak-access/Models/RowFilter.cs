namespace KeycloakAccess.Models;

/// <summary>Which rows of a model somebody may see: an SQL condition over the columns of its table.</summary>
public sealed class RowFilter
{
    /// <summary>Every row.</summary>
    public static readonly RowFilter All = new(sql: null);

    /// <summary>No row at all.</summary>
    public static readonly RowFilter None = new($"1 = 0");

    private RowFilter(FormattableString? sql) => Sql = sql;

    /// <summary>The condition; <see langword="null"/> for every row.</summary>
    public FormattableString? Sql { get; }

    /// <summary>
    /// The rows of which a condition is true. It names columns as the table does and must be understood by both engines.
    /// Values stand in braces and become parameters, never text of the statement:
    /// <c>RowFilter.Where($"owner_id = {subject.AccountId} OR published_on IS NOT NULL")</c>.
    /// </summary>
    public static RowFilter Where(FormattableString sql) => new(sql);
}
